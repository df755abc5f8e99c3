import { expect, test } from "vitest";
import { OwnTime } from "./own-time.ts";

test("about one entry in 64 is timed, and stands for the others", () => {
  const ownTime = new OwnTime();
  ownTime.begin();
  let timed = 0;
  const entries = 100_000;
  for (let i = 0; i < entries; i += 1) {
    const entered = ownTime.enter();
    if (entered !== 0) timed += 1;
    // Each seems to have taken longer than any can.
    ownTime.leave(entered === 0 ? 0 : entered - 1_000);
  }
  expect(timed).toBeGreaterThan(entries / 80);
  expect(timed).toBeLessThan(entries / 51);
  expect(ownTime.totalMs).toBe(timed * 64 * 0.5);
});
