import {
  BroadcastChannel,
  type MessagePort,
  receiveMessageOnPort,
  threadId,
} from "node:worker_threads";
import { countDropped } from "../diagnostics.ts";
import {
  createUnderWay,
  underWayCell,
  type WorkerGreeting,
  type WorkerMessage,
  workerChannelName,
} from "../thread/worker-channel.ts";
import type { ChunkSink } from "./span-buffer.ts";
import type { SpanChunk } from "./span-chunk.ts";

/** That the agent's thread has not taken yet. */
const chunksUnderWayMax = 4;
const endLookMs = 5;

/** Hands the chunks of a worker thread to the agent's thread, past the main thread. */
export class WorkerChunks implements ChunkSink {
  readonly #channel: BroadcastChannel;
  readonly #endWaitMsMax: number;
  /** Sent to this listener and not yet taken. */
  #underWay = createUnderWay();
  /** Number of the agent's thread that listens; undefined before one does. */
  #listener: number | undefined = undefined;
  #isEnding = false;

  /** The thread may end before the agent's thread, which starts with it, listens: its end is held up for `endWaitMsMax`. */
  constructor(endWaitMsMax: number, id = threadId) {
    this.#endWaitMsMax = endWaitMsMax;
    this.#channel = new BroadcastChannel(workerChannelName(id));
    this.#channel.onmessage = (event) => this.#onGreeting((event as { data: unknown }).data);
    this.#channel.unref();
    this.#post({ kind: "hello" });
  }

  get #isHeard(): boolean {
    return this.#listener !== undefined;
  }

  get hasRoom(): boolean {
    return this.#isHeard && Atomics.load(this.#underWay, underWayCell.chunks) < chunksUnderWayMax;
  }

  take(chunk: SpanChunk): boolean {
    if (this.#isEnding && !this.#isHeard) this.#waitUntilHeard();
    if (!this.hasRoom) return false;
    // A message of such a channel is a copy, of all memory behind a view.
    const bytes = new Uint8Array(chunk.bytes);
    Atomics.add(this.#underWay, underWayCell.chunks, 1);
    Atomics.add(this.#underWay, underWayCell.spans, chunk.spans);
    this.#post({ kind: "spans", chunk: { ...chunk, bytes }, underWay: this.#underWay });
    return true;
  }

  /** The next chunk is the last one. */
  end(): void {
    this.#isEnding = true;
  }

  /** Events come no more. */
  #waitUntilHeard(): void {
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    const deadlineMs = performance.now() + this.#endWaitMsMax;
    while (!this.#isHeard && performance.now() < deadlineMs) {
      // The types of Node leave out that it takes such a channel, too.
      const { message } = receiveMessageOnPort(this.#channel as unknown as MessagePort) ?? {};
      if (message === undefined) Atomics.wait(nobody, 0, 0, endLookMs);
      else this.#onGreeting(message);
    }
  }

  #onGreeting(message: unknown): void {
    const { kind, listener } = message as WorkerGreeting;
    // It greets when it begins, and once more when it is spoken to.
    if (kind !== "listening" || listener === this.#listener) return;
    this.#listener = listener;
    const lost = Atomics.load(this.#underWay, underWayCell.spans);
    if (lost > 0) countDropped("thread_ended", lost);
    this.#underWay = createUnderWay();
  }

  #post(message: WorkerMessage): void {
    this.#channel.postMessage(message);
  }
}
