import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ThreadRequest } from "../thread/thread-messages.ts";
import { ChunkExport } from "./chunk-export.ts";
import { freeSlotOf } from "./chunk-slot.ts";
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

function chunkOf(bytes: Uint8Array, isFilled: boolean): SpanChunk {
  return { bytes, isFilled, segments: [0, bytes.length], scopes: [], spans: 7, places: [] };
}

const full = (byte = 1) => chunkOf(new Uint8Array(bufferBytes).fill(byte), true);
const short = () => chunkOf(new Uint8Array(500).fill(2), false);
/** Of each chunk the thread was given: its first byte and its length. */
const bytesGiven = () =>
  messages.flatMap((message) =>
    message.kind === "spans" ? message.chunks.map(({ bytes }) => [bytes[0], bytes.length]) : [],
  );
const counts = () =>
  messages.map((message) => (message.kind === "spans" ? message.chunks.length : message.kind));

it("wakes the thread once for two full chunks", () => {
  for (let i = 0; i < 4; i += 1) expect(chunks.take(full())).toBe(true);
  expect(counts()).toEqual([2, 2]);
  expect(held[0]).toBe(28);
});

it("hands over a chunk that is not full at once, behind the one that waits", () => {
  chunks.take(full());
  chunks.take(short());
  expect(counts()).toEqual([2]);
  expect(bytesGiven()).toEqual([
    [1, bufferBytes],
    [2, 500],
  ]);
});

it("lets a full chunk wait for a second", () => {
  chunks.take(full());
  vi.advanceTimersByTime(999);
  expect(counts()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(counts()).toEqual([1]);
  vi.advanceTimersByTime(10_000);
  expect(counts()).toEqual([1]);
});

it("hands over what waits before it asks whether all is sent", () => {
  chunks.take(full());
  void chunks.flush();
  expect(counts()).toEqual([1, "flush"]);
});

it("copies chunks, so that their sender may write over them", () => {
  const chunk = full();
  chunks.take(chunk);
  chunk.bytes.fill(9);
  chunks.take(full(3));
  expect(bytesGiven()).toEqual([
    [1, bufferBytes],
    [3, bufferBytes],
  ]);
});

it("has eleven chunks under way at most, and room again for each that the thread is done with", () => {
  for (let i = 0; i < 11; i += 1) expect(chunks.take(full())).toBe(true);
  expect(chunks.hasRoom).toBe(false);
  expect(chunks.take(full())).toBe(false);
  const [given] = messages;
  if (given?.kind !== "spans") throw new Error("the thread was given no spans");
  for (const { bytes } of given.chunks) freeSlotOf(bytes);
  expect(chunks.take(full())).toBe(true);
  expect(chunks.take(full())).toBe(true);
  expect(chunks.hasRoom).toBe(false);
});

it("counts what waits as lost with the thread, and has room again", () => {
  for (let i = 0; i < 11; i += 1) chunks.take(full());
  chunks.onExit();
  expect(held[0]).toBe(0);
  expect(chunks.hasRoom).toBe(true);
  chunks.take(short());
  expect(counts()).toEqual([2, 2, 2, 2, 2, 1]);
});
