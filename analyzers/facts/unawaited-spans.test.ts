import { expect, test } from "vitest";
import { buildTrace, type SpanFields } from "../../test/support/trace-builder.ts";
import { criticalPath } from "./critical-path.ts";
import { learnUnawaited } from "./unawaited-spans.ts";

const trace = (auditEndMs: number, audit: SpanFields = { name: "audit" }) =>
  buildTrace(["GET /orders", 0, 100, ["load", 0, 60], [audit, 50, auditEndMs]]);
const outlived = trace(200);
const inside = Array.from({ length: 19 }, () => trace(90));

test("what outlives its parent in one trace of twenty is not waited for, in any of them", () => {
  const isUnawaited = learnUnawaited([outlived, ...inside]);
  expect([0, 1, 2].map((span) => isUnawaited(inside[0]!, span))).toEqual([false, false, true]);
  const path = criticalPath(outlived, 0, { isUnawaited: (span) => isUnawaited(outlived, span) });
  expect(path.map(({ span, start, end }) => [span, start / 1e6, end / 1e6])).toEqual([
    [1, 0, 60],
    [0, 60, 100],
  ]);
});

test("fewer traces, or fewer of them, say nothing", () => {
  expect(learnUnawaited([outlived, ...inside.slice(1)])(outlived, 2)).toBe(false);
  const many = Array.from({ length: 3 }, () => inside).flat();
  expect(learnUnawaited([outlived, ...many])(outlived, 2)).toBe(false);
});

test("a span that ends a little late was waited for", () => {
  const late = Array.from({ length: 30 }, () => trace(100.9));
  expect(learnUnawaited(late)(outlived, 2)).toBe(false);
});

test("another host's clock tells nothing", () => {
  const remote = { name: "GET /audit", kind: 2, resourceId: "2" };
  const late = Array.from({ length: 30 }, () => trace(200, remote));
  expect(learnUnawaited(late)(late[0]!, 2)).toBe(false);
});
