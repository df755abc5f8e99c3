import fc from "fast-check";
import { expect, it } from "vitest";
import { TimeRing } from "./time-ring.ts";

it("has no overlap before anything was added", () => {
  expect(new TimeRing(4).overlapMs(0, 100)).toBe(0);
});

it("cuts an interval at both ends of the time that is asked for", () => {
  const ring = new TimeRing(4);
  ring.add(10, 20);
  expect(ring.overlapMs(12, 15)).toBe(3);
  expect(ring.overlapMs(15, 100)).toBe(5);
  expect(ring.overlapMs(20, 100)).toBe(0);
});

it("sums what the last intervals took, whatever was overwritten before", () => {
  const lengths = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 })),
  );
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 8 }), (gapsAndLengths, intervalsMax) => {
      const ring = new TimeRing(intervalsMax);
      let nowMs = 1;
      for (const [gapMs, lengthMs] of gapsAndLengths) {
        ring.add(nowMs + gapMs, nowMs + gapMs + lengthMs);
        nowMs += gapMs + lengthMs;
      }
      const kept = gapsAndLengths.slice(-intervalsMax);
      const expected = kept.reduce((sumMs, [, lengthMs]) => sumMs + lengthMs, 0);
      expect(ring.overlapMs(0, nowMs)).toBe(expected);
    }),
  );
});
