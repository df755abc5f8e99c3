import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../../test/support/until.ts";
import { type WorkerGreeting, workerChannelName } from "../thread/worker-channel.ts";
import { WorkerListeners } from "../thread/worker-listeners.ts";
import type { SpanChunk } from "./span-chunk.ts";
import { WorkerChunks } from "./worker-chunks.ts";

const full: SpanChunk = {
  bytes: new Uint8Array([1, 2, 3, 0, 0, 0]).subarray(0, 3),
  isFilled: true,
  segments: [0, 2, 1, 3],
  scopes: [{ name: "test", version: "1" }],
  spans: 2,
  places: [],
};

/** Of a worker thread, another one in each test. */
let threadId = 1_000_000;

let taken: SpanChunk[];
let listeners: WorkerListeners;

beforeEach(() => {
  threadId += 1;
  // What an earlier test has under way does not come here.
  const ours: SpanChunk[] = [];
  taken = ours;
  listeners = new WorkerListeners((chunk) => ours.push(chunk));
});

afterEach(() => listeners.end(threadId));

it("hands over nothing before the agent's thread listens", async () => {
  const chunks = new WorkerChunks(200, threadId);
  expect(chunks.hasRoom).toBe(false);
  expect(chunks.take(full)).toBe(false);
  listeners.begin(threadId);
  await until(() => chunks.hasRoom);
});

it("is heard by a thread that listened before it began, and hands over what is written only", async () => {
  listeners.begin(threadId);
  const chunks = new WorkerChunks(200, threadId);
  await until(() => chunks.hasRoom);
  expect(chunks.take(full)).toBe(true);
  await until(() => taken.length === 1);
  expect(taken[0]).toMatchObject({ segments: full.segments, scopes: full.scopes, spans: 2 });
  expect(taken[0]!.bytes).toEqual(new Uint8Array([1, 2, 3]));
  expect(taken[0]!.bytes.buffer.byteLength).toBe(3);
});

it("is heard to the last word when its thread has ended, or all that was said is asked for", async () => {
  listeners.begin(threadId);
  const chunks = new WorkerChunks(200, threadId);
  await until(() => chunks.hasRoom);
  chunks.take(full);
  listeners.hearAll();
  expect(taken).toHaveLength(1);
  chunks.take(full);
  listeners.end(threadId);
  expect(taken).toHaveLength(2);
});

it("has four chunks under way at most", async () => {
  listeners.begin(threadId);
  const chunks = new WorkerChunks(200, threadId);
  await until(() => chunks.hasRoom);
  const handed = Array.from({ length: 6 }, () => chunks.take(full));
  expect(handed).toEqual([true, true, true, true, false, false]);
  await until(() => taken.length === 4 && chunks.hasRoom);
  expect(chunks.take(full)).toBe(true);
});

it("is heard at the end of its thread, too, when there are no more events", async () => {
  const chunks = new WorkerChunks(200, threadId);
  listeners.begin(threadId);
  chunks.end();
  expect(chunks.take(full)).toBe(true);
  await until(() => taken.length === 1);
});

it("gives up at the end of its thread when nobody listens", () => {
  const chunks = new WorkerChunks(200, threadId);
  chunks.end();
  expect(chunks.take(full)).toBe(false);
});

it("has room again when the thread that had its chunks is followed by another one", async () => {
  // The first one greets and takes nothing.
  const silent = new BroadcastChannel(workerChannelName(threadId));
  const chunks = new WorkerChunks(200, threadId);
  silent.postMessage({ kind: "listening", listener: 1 } satisfies WorkerGreeting);
  await until(() => chunks.hasRoom);
  for (let i = 0; i < 4; i += 1) chunks.take(full);
  expect(chunks.hasRoom).toBe(false);
  // Its second greeting changes nothing; that of another thread does.
  silent.postMessage({ kind: "listening", listener: 1 } satisfies WorkerGreeting);
  silent.close();
  listeners = new WorkerListeners((chunk) => taken.push(chunk), 2);
  listeners.begin(threadId);
  await until(() => chunks.hasRoom);
  chunks.take(full);
  await until(() => taken.length === 1);
});
