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
      /** One number, shared: it is lowered when the chunk is taken. */
      readonly underWay: Int32Array;
    };

/** The agent's thread is there; whatever was sent to one before it is lost. */
export interface WorkerGreeting {
  readonly kind: "listening";
}

/** Under this name the main thread tells its worker threads that the agent runs, with the number of the process. */
export const environmentKey = "culprit.agent";
