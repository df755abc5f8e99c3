import { expect, it } from "vitest";
import { openRunDelay, openRunningClock, parseRunDelay } from "./run-delay.ts";

it("the second number is the time without a CPU, in nanoseconds", () => {
  expect(parseRunDelay("161679811 361464801 524\n")).toBeCloseTo(361.464801);
});

it.runIf(process.platform === "linux")(
  "Linux tells it of the calling thread, and it only grows",
  () => {
    const runDelayMs = openRunDelay()!;
    const first = runDelayMs();
    expect(first).toBeGreaterThanOrEqual(0);
    expect(runDelayMs()).toBeGreaterThanOrEqual(first);
  },
);

it("a clock of the time with a CPU goes on, and no faster than the real one", () => {
  const nowMs = openRunningClock();
  const [first, firstReal] = [nowMs(), performance.now()];
  while (nowMs() < first + 5);
  expect(nowMs() - first).toBeLessThan(performance.now() - firstReal + 1);
});
