import {
  BroadcastChannel,
  type MessagePort,
  threadId as ownThreadId,
  receiveMessageOnPort,
} from "node:worker_threads";
import type { SpanChunk } from "../export/span-chunk.ts";
import {
  underWayCell,
  type WorkerGreeting,
  type WorkerMessage,
  workerChannelName,
} from "./worker-channel.ts";

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
    channel.onmessage = (event) => this.#hear(channel, (event as { data: WorkerMessage }).data);
    this.#greet(channel);
  }

  /** Takes what was said already: the events of several channels come in no order. */
  hearAll(): void {
    for (const channel of this.#channels.values()) this.#hearWaiting(channel);
  }

  /** A thread that has ended has said everything. */
  end(threadId: number): void {
    const channel = this.#channels.get(threadId);
    if (channel === undefined) return;
    this.#channels.delete(threadId);
    this.#hearWaiting(channel);
    channel.close();
  }

  #greet(channel: BroadcastChannel): void {
    channel.postMessage({ kind: "listening", listener: this.#listener } satisfies WorkerGreeting);
  }

  #hear(channel: BroadcastChannel, message: WorkerMessage): void {
    if (message.kind === "hello") this.#greet(channel);
    if (message.kind !== "spans") return;
    this.#take(message.chunk);
    Atomics.sub(message.underWay, underWayCell.chunks, 1);
    Atomics.sub(message.underWay, underWayCell.spans, message.chunk.spans);
  }

  #hearWaiting(channel: BroadcastChannel): void {
    // The types of Node leave out that it takes such a channel, too.
    const port = channel as unknown as MessagePort;
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      this.#hear(channel, next.message as WorkerMessage);
    }
  }
}
