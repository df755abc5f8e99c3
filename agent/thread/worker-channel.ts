import type { SpanChunk } from "../export/span-chunk.ts";

/** Between a worker thread of the application and the agent's thread, a channel for each worker. */
export function workerChannelName(threadId: number): string {
  return `culprit.${process.pid}.${threadId}`;
}

export type WorkerMessage =
  | { readonly kind: "hello" }
  | {
      readonly kind: "spans";
      readonly chunk: SpanChunk;
      readonly underWay: Int32Array;
    };

/** Cells of the numbers that both threads share: what is sent adds to them, what is taken is subtracted. */
export const underWayCell = { chunks: 0, spans: 1 } as const;

export function createUnderWay(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** The agent's thread is there; whatever was sent to another one before it is lost. */
export interface WorkerGreeting {
  readonly kind: "listening";
  /** Number of the agent's thread. */
  readonly listener: number;
}

/** Under this name the main thread tells its worker threads that the agent runs, with the number of the process. */
export const environmentKey = "culprit.agent";
