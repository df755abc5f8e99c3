import fc from "fast-check";
import { expect, test } from "vitest";
import { IntervalUnion } from "./interval-union.ts";

type Interval = readonly [start: number, end: number];

function unionOf(intervals: readonly Interval[]): number {
  const union = new IntervalUnion();
  for (const [start, end] of intervals) union.add(start, end);
  return union.length;
}

/** By looking at each unit of time. */
function countUnits(intervals: readonly Interval[]): number {
  const units = new Set<number>();
  for (const [start, end] of intervals) for (let at = start; at < end; at += 1) units.add(at);
  return units.size;
}

const byEnd = (a: Interval, b: Interval) => a[1] - b[1];

test("the union of few intervals is exact, however they overlap", () => {
  const interval = fc
    .tuple(fc.nat(100), fc.nat(40))
    .map(([start, length]): Interval => [start, start + length]);
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 30 }), (intervals) => {
      const sorted = intervals.toSorted(byEnd);
      expect(unionOf(sorted)).toBe(countUnits(sorted));
    }),
  );
});

test("thousands one after the other are their sum, thousands at once are one", () => {
  const sequence = Array.from({ length: 5_000 }, (_, i): Interval => [i * 3, i * 3 + 2]);
  expect(unionOf(sequence)).toBe(10_000);
  const atOnce = Array.from({ length: 5_000 }, (_, i): Interval => [0, 100 + i]);
  expect(unionOf(atOnce)).toBe(5_099);
});

test("with any number it is between the longest and the sum", () => {
  const interval = fc
    .tuple(fc.nat(5_000), fc.nat(2_000))
    .map(([start, length]): Interval => [start, start + length]);
  fc.assert(
    fc.property(fc.array(interval, { minLength: 100, maxLength: 400 }), (intervals) => {
      const sorted = intervals.toSorted(byEnd);
      const lengths = sorted.map(([start, end]) => end - start);
      const union = unionOf(sorted);
      expect(union).toBeLessThanOrEqual(countUnits(sorted));
      expect(union).toBeLessThanOrEqual(lengths.reduce((sum, length) => sum + length, 0));
    }),
    { numRuns: 30 },
  );
});
