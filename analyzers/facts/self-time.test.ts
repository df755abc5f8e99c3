import { expect, test } from "vitest";
import { buildTrace, type SpanNode } from "../../test/support/trace-builder.ts";
import { idleStretches, selfNs } from "./self-time.ts";

const stretchesOf = (...children: SpanNode[]) =>
  idleStretches(buildTrace(["GET /orders", 10, 100, ...children]), 0).map(({ start, end }) => [
    start / 1e6,
    end / 1e6,
  ]);

test("what no child covers, by start", () => {
  expect(stretchesOf()).toEqual([[0, 90]]);
  expect(stretchesOf(["a", 20, 40], ["b", 30, 50], ["c", 60, 100])).toEqual([
    [0, 10],
    [40, 50],
  ]);
  expect(stretchesOf(["a", 10, 100])).toEqual([]);
});

test("of a child that outlives its parent only what lies inside counts", () => {
  expect(stretchesOf(["a", 50, 300])).toEqual([[0, 40]]);
  expect(stretchesOf(["a", 150, 300])).toEqual([[0, 90]]);
});

test("self time is what is left, each moment once", () => {
  const trace = buildTrace(["GET /orders", 0, 100, ["a", 10, 30], ["b", 20, 40]]);
  expect(selfNs(trace, 0)).toBe(70e6);
});
