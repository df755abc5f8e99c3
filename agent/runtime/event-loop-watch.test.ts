import { trace } from "@opentelemetry/api";
import { afterEach, expect, it } from "vitest";
import { until } from "../../test/support/until.ts";
import { type Block, EventLoopWatch } from "./event-loop-watch.ts";
import { OpenRequests } from "./open-requests.ts";
import { cell, createWatchSettings } from "./watch-protocol.ts";

const blockMs = 50;
const watches: EventLoopWatch[] = [];

afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
});

/** A watch over one open request, and the blocks that it tells. */
function watchBlocks(runDelayMs: () => number): readonly Block[] {
  const blocks: Block[] = [];
  const requests = new OpenRequests();
  const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "1", traceFlags: 1 });
  requests.add(span, performance.now());
  const onBlock = (block: Block) => void blocks.push(block);
  const settings = createWatchSettings(blockMs)!;
  const watch = new EventLoopWatch({ settings, requests, onBlock, runDelayMs });
  watch.wake(performance.now());
  watches.push(watch);
  return blocks;
}

/** Holds the event loop. */
function holdUp(): void {
  const endMs = performance.now() + 3 * blockMs;
  while (performance.now() < endMs);
}

it("tells a block in which the thread had its CPU, and not one in which it waited for it", async () => {
  const own = watchBlocks(() => 0);
  const starved = watchBlocks(() => performance.now());
  holdUp();
  // On a busy machine there may be more of them.
  await until(() => own.length > 0);
  expect(own[0]!.endMs - own[0]!.startMs).toBeGreaterThanOrEqual(blockMs);
  expect(own[0]!.requests).toHaveLength(1);
  expect(starved).toEqual([]);
});

it("rests once there is no request, and beats again with the next one", async () => {
  const settings = createWatchSettings(blockMs)!;
  const requests = new OpenRequests();
  const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "1", traceFlags: 1 });
  const watch = new EventLoopWatch({ settings, requests, onBlock: () => undefined });
  watches.push(watch);
  const isResting = () => Atomics.load(settings.cells, cell.isResting) === 1;
  const beats = () => Atomics.load(settings.cells, cell.beats);
  expect(isResting()).toBe(true);

  requests.add(span, performance.now());
  watch.wake(performance.now());
  expect(isResting()).toBe(false);
  const first = beats();
  await until(() => beats() > first);
  requests.remove(span, performance.now(), false);
  await until(isResting);
  // What it did not look at is no delay.
  expect(watch.isLate(performance.now() + 1_000)).toBe(false);

  watch.wake(performance.now());
  expect(isResting()).toBe(false);
});
