import { expect, test } from "vitest";
import { monotonicNow } from "./monotonic-clock.ts";

/** Of the two clocks, which can't be read at once. */
const toleranceMs = 0.1;

test("the clock says what performance.now() says, and never goes back", () => {
  let lastMs = monotonicNow();
  for (let i = 0; i < 1_000; i += 1) {
    const beforeMs = performance.now();
    const nowMs = monotonicNow();
    const afterMs = performance.now();
    expect(nowMs).toBeGreaterThanOrEqual(lastMs);
    expect(nowMs).toBeGreaterThan(beforeMs - toleranceMs);
    expect(nowMs).toBeLessThan(afterMs + toleranceMs);
    lastMs = nowMs;
  }
});
