import { BroadcastChannel, threadId as ownThreadId } from "node:worker_threads";
import type { SpanChunk } from "../export/span-chunk.ts";
import {
  underWayCell,
  type WorkerGreeting,
  type WorkerMessage,
  workerChannelName,
} from "./worker-channel.ts";

/** What a worker thread has said last may still be on its way when its end is known. */
const lastWordsMs = 1_000;

/** The agent's thread: takes the chunks of the application's worker threads. */
export class WorkerListeners {
  readonly #channels = new Map<number, BroadcastChannel>();
  readonly #take: (chunk: SpanChunk) => void;
  readonly #listener: number;

  constructor(take: (chunk: SpanChunk) => void, listener = ownThreadId) {
    this.#take = take;
    this.#listener = listener;
  }

  begin(threadId: number): void {
    const channel = new BroadcastChannel(workerChannelName(threadId));
    this.#channels.set(threadId, channel);
    const greeting: WorkerGreeting = { kind: "listening", listener: this.#listener };
    const greet = () => channel.postMessage(greeting);
    channel.onmessage = (event) => {
      const { data } = event as { data: WorkerMessage };
      if (data.kind === "hello") greet();
      if (data.kind !== "spans") return;
      this.#take(data.chunk);
      Atomics.sub(data.underWay, underWayCell.chunks, 1);
      Atomics.sub(data.underWay, underWayCell.spans, data.chunk.spans);
    };
    greet();
  }

  end(threadId: number): void {
    const channel = this.#channels.get(threadId);
    this.#channels.delete(threadId);
    setTimeout(() => channel?.close(), lastWordsMs);
  }
}
