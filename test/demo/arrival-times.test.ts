import fc from "fast-check";
import { expect, test } from "vitest";
import { arrivalTimes, independentArrivalTimes } from "./arrival-times.ts";

const perSecond = fc.double({ min: 0.1, max: 200, noNaN: true });
const durationMs = fc.integer({ min: 0, max: 10_000 });
const random = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));

test("arrivalTimes gives as many arrivals as fit, in order, each in its own slot", () => {
  fc.assert(
    fc.property(perSecond, durationMs, random, (rate, duration, numbers) => {
      const times = arrivalTimes(rate, duration, () => numbers.next().value);
      expect(Math.abs(times.length - (rate * duration) / 1_000)).toBeLessThanOrEqual(1);
      for (const [slot, time] of times.entries()) {
        // Doubles are rounded.
        expect(time).toBeGreaterThanOrEqual(slot * (1_000 / rate) * (1 - 1e-12));
        expect(time).toBeLessThanOrEqual((slot + 1) * (1_000 / rate) * (1 + 1e-12));
        expect(time).toBeLessThanOrEqual(duration * (1 + 1e-12));
      }
    }),
  );
});

test("arrivalTimes gives 60 arrivals for one a second during a minute", () => {
  expect(arrivalTimes(1, 60_000)).toHaveLength(60);
});

test("independentArrivalTimes gives as many arrivals as the rate asks for, in order, within the time", () => {
  fc.assert(
    fc.property(perSecond, durationMs, random, (rate, duration, numbers) => {
      const times = independentArrivalTimes(rate, duration, () => numbers.next().value);
      expect(times).toHaveLength(Math.round((rate * duration) / 1_000));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.every((time) => time >= 0 && time <= duration)).toBe(true);
    }),
  );
});
