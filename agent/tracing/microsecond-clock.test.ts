import fc from "fast-check";
import { expect, test } from "vitest";
import { createMicrosecondClock } from "./microsecond-clock.ts";

test("calls within one millisecond keep their order and their distance", () => {
  const clock = createMicrosecondClock();
  for (let us = 0; us < 5_000; us += 100) clock(Math.floor(1_000.05 + us / 1000), us / 1000);
  const first = clock(1_005, 5.3);
  const second = clock(1_005, 5.4);
  expect(second - first).toBeCloseTo(0.1, 6);
});

test("the time is always within the millisecond of the wall clock, also after it was set", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.double({ min: 0, max: 1e9, noNaN: true })),
      ),
      (readings) => {
        const clock = createMicrosecondClock();
        for (const [wallMs, monotonicMs] of readings) {
          expect(Math.floor(clock(wallMs, monotonicMs))).toBe(wallMs);
        }
      },
    ),
  );
});

test("a clock that runs evenly gives times that never go back", () => {
  const clock = createMicrosecondClock();
  let last = 0;
  for (let us = 0; us < 20_000; us += 37) {
    const time = clock(Math.floor(5_000_000.3 + us / 1000), us / 1000);
    if (us > 2_000) expect(time).toBeGreaterThan(last);
    last = time;
  }
});
