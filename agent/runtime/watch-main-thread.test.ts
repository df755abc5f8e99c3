import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type WatchMeans, watchMainThread } from "./watch-main-thread.ts";
import { beatIntervalMs, cell, createWatchSettings, heartbeatName } from "./watch-protocol.ts";

const blockMs = 100;
/** From here on a stack is taken: early, so that a block that is just long enough has one. */
const stallMs = 75;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A main thread and the watch over it, of which a test says what the clock and the system say. */
function startWatch() {
  const settings = createWatchSettings(blockMs)!;
  const { cells } = settings;
  const main = { nowMs: 1_000, waitedMs: 0, captures: 0 };
  const means: WatchMeans = {
    nowMs: () => main.nowMs,
    runDelayMs: () => main.waitedMs,
    capture(onFrames) {
      main.captures += 1;
      onFrames([{ functionName: heartbeatName, url: "", lineNumber: 1, columnNumber: 1 }], "");
    },
  };
  const beat = () => {
    cells[cell.beatAtMs] = main.nowMs;
    cells[cell.beats]! += 1;
  };
  beat();
  const ignore = () => undefined;
  const watch = watchMainThread(settings, { onStack: ignore, onFailure: ignore }, means);
  /** Both threads run: the watch looks when it wanted to. */
  const run = (ms: number, isBeating: boolean) => {
    const endMs = main.nowMs + ms;
    for (main.nowMs += 1; main.nowMs <= endMs; main.nowMs += 1) {
      if (isBeating && main.nowMs % beatIntervalMs === 0) beat();
      if (cells[cell.lookAtMs] === main.nowMs) watch.look();
    }
    main.nowMs = endMs;
  };
  /** Neither runs, then the watch comes first. */
  const stop = (ms: number) => {
    main.nowMs += ms;
    watch.look();
  };
  return { main, cells, beat, run, stop };
}

test("a main thread whose heart beats is left alone", () => {
  const { main, run } = startWatch();
  run(5_000, true);
  expect(main.captures).toBe(0);
});

test("the stack of a main thread that is held up is taken before the block is long enough to be told", () => {
  const { main, run } = startWatch();
  run(500, true);
  run(stallMs + beatIntervalMs, false);
  expect(main.captures).toBe(1);
});

test("a long block has several stacks, but not more than four", () => {
  const { main, run } = startWatch();
  run(10_000, false);
  expect(main.captures).toBe(4);
});

test.each([0, 3, 30, 60])(
  "a process that was stopped %i ms after a look has no debugger attached",
  (ms) => {
    const { main, cells, beat, run, stop } = startWatch();
    run(500, true);
    run(cells[cell.lookAtMs]! - main.nowMs + ms, true);
    stop(10_000);
    beat();
    run(1_000, true);
    expect(main.captures).toBe(0);
  },
);

test("a main thread that needs a while to beat again after the process was stopped is left alone", () => {
  const { main, run, stop } = startWatch();
  run(500, true);
  stop(300);
  run(stallMs - 2 * beatIntervalMs, false);
  run(1_000, true);
  expect(main.captures).toBe(0);
});

test("a block after the process was stopped has its stack", () => {
  const { main, run, stop } = startWatch();
  run(500, true);
  stop(300);
  run(200, false);
  expect(main.captures).toBe(1);
});

test("a main thread that waits for a CPU is not held up", () => {
  const { main, run } = startWatch();
  run(500, true);
  for (let waited = 0; waited < 1_000; waited += 1) {
    main.waitedMs += 1;
    run(1, false);
  }
  expect(main.captures).toBe(0);
});

test("what the watch was late by is told to the main thread", () => {
  const { main, cells, run, stop } = startWatch();
  run(500, true);
  const lookAtMs = cells[cell.lookAtMs]!;
  stop(400);
  expect(cells[cell.lateMs]).toBe(main.nowMs - lookAtMs);
});
