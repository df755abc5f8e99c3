import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitrarySpans, toNode } from "../../test/support/arbitrary-trace.ts";
import { buildTrace, type SpanNode } from "../../test/support/trace-builder.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { criticalPath } from "./critical-path.ts";
import { criticalNs } from "./critical-times.ts";
import { withDescendants } from "./with-descendants.ts";

/** The plain way: walk the path for this list alone. */
function plain(trace: TraceView, root: SpanIndex, spans: readonly SpanIndex[]): number {
  const wanted = withDescendants(trace, spans);
  return criticalPath(trace, root)
    .filter(({ span }) => wanted.has(span))
    .reduce((sum, { start, end }) => sum + end - start, 0);
}

test("for any tree, any root in it and any spans: as if the path were walked for them alone", () => {
  const cases = arbitrarySpans().chain((spans) =>
    fc.tuple(
      fc.constant(buildTrace(toNode(spans))),
      fc.nat(spans.length - 1),
      fc.subarray(spans.map((_, i) => i)),
    ),
  );
  fc.assert(
    fc.property(cases, ([trace, root, spans]) => {
      expect(criticalNs(trace, root, spans)).toBeCloseTo(plain(trace, root, spans), 3);
    }),
  );
});

test("a span below another of the list counts once", () => {
  const trace = buildTrace(["GET /a", 0, 100, ["b", 0, 60, ["c", 10, 50]]]);
  expect(criticalNs(trace, 0, [1, 2])).toBe(60e6);
  expect(criticalNs(trace, 0, [2])).toBe(40e6);
  expect(criticalNs(trace, 0, [0, 1, 2])).toBe(100e6);
});

test("a chain of 100,000 spans, and more roots than are remembered", () => {
  let node: SpanNode = ["leaf", 0, 100];
  for (let i = 0; i < 99_999; i++) node = [`s${i}`, 0, 100, node];
  const trace = buildTrace(node);
  for (let root = 0; root < 20; root++) expect(criticalNs(trace, root, [99_999])).toBe(100e6);
});
