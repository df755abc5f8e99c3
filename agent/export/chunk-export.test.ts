import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ThreadRequest } from "../thread/thread-messages.ts";
import { ChunkExport } from "./chunk-export.ts";
import { bufferBytes, type SpanChunk } from "./span-chunk.ts";

/** What the thread was told, a message an entry. */
let messages: ThreadRequest[];
let held: Int32Array<SharedArrayBuffer>;
let chunks: ChunkExport;

beforeEach(() => {
  vi.useFakeTimers();
  messages = [];
  held = new Int32Array(new SharedArrayBuffer(4));
  const thread = {
    isRunning: true,
    listen: () => undefined,
    start: () => true,
    post: (request: ThreadRequest) => messages.push(request),
  };
  chunks = new ChunkExport(thread, held);
});

afterEach(() => {
  vi.useRealTimers();
});

function chunkOf(bytes: number): SpanChunk {
  const buffer = new ArrayBuffer(bufferBytes);
  return { bytes: buffer, segments: [0, bytes], scopes: [], spans: 7, places: [] };
}

const full = () => chunkOf(bufferBytes - 100);
const counts = () =>
  messages.map((message) => (message.kind === "spans" ? message.chunks.length : message.kind));

it("wakes the thread once for two full chunks", () => {
  for (let i = 0; i < 4; i += 1) expect(chunks.exchange(full())).toBeDefined();
  expect(counts()).toEqual([2, 2]);
  expect(held[0]).toBe(28);
});

it("hands over a chunk that is not full at once, behind the one that waits", () => {
  const waiting = full();
  chunks.exchange(waiting);
  const last = chunkOf(500);
  chunks.exchange(last);
  expect(messages).toEqual([{ kind: "spans", chunks: [waiting, last] }]);
});

it("lets a full chunk wait for a second", () => {
  chunks.exchange(full());
  vi.advanceTimersByTime(999);
  expect(counts()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(counts()).toEqual([1]);
  vi.advanceTimersByTime(10_000);
  expect(counts()).toEqual([1]);
});

it("hands over what waits before it asks whether all is sent", () => {
  chunks.exchange(full());
  void chunks.flush();
  expect(counts()).toEqual([1, "flush"]);
});

it("takes buffers back, and has no more than twelve", () => {
  for (let i = 0; i < 11; i += 1) expect(chunks.exchange(full())).toBeDefined();
  expect(chunks.hasRoom).toBe(false);
  expect(chunks.exchange(full())).toBeUndefined();
  const returned = [new ArrayBuffer(bufferBytes), new ArrayBuffer(bufferBytes)];
  chunks.onReport({ kind: "empty", buffers: returned });
  expect(chunks.exchange(full())?.buffer).toBe(returned[1]);
  expect(chunks.exchange(full())?.buffer).toBe(returned[0]);
  expect(chunks.hasRoom).toBe(false);
});

it("counts what waits as lost with the thread, and has room again", () => {
  for (let i = 0; i < 11; i += 1) chunks.exchange(full());
  chunks.onExit();
  expect(held[0]).toBe(0);
  expect(chunks.hasRoom).toBe(true);
  chunks.exchange(chunkOf(500));
  expect(counts()).toEqual([2, 2, 2, 2, 2, 1]);
});
