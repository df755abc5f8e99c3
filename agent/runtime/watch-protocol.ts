import type { StackFrame } from "./block-stack.ts";

/** Cells of the `Int32Array` that main thread and watch worker share. */
export const cell = {
  /** Written by the main thread: beats of its heart. */
  beats: 0,
  /** Written by the worker: its own beats. A process that was stopped or starved misses these, too. */
  polls: 1,
  /** Written by the worker: stacks that it has begun to take. */
  captures: 2,
  /** Written by the main thread: 1 once the process ends. */
  isEnding: 3,
} as const;
export const cellCount = 4;

export interface WatchSettings {
  readonly cells: Int32Array<SharedArrayBuffer>;
  /** The main thread is stalled when its heart has not beaten for this long. */
  readonly stallMs: number;
}

/** What the worker has seen in a stalled main thread. An empty list of frames: it was over before. */
export interface CapturedStack {
  /** Count of beats when the stack was asked for. */
  readonly beats: number;
  readonly frames: readonly StackFrame[];
  /** From asking to getting it: native code can't be interrupted, and the stack is of what ran after it. */
  readonly lateMs: number;
  /** Of the span that was active, 32 hex digits; "" for none. */
  readonly traceId: string;
}

export const pollIntervalMs = 25;

/** Under this symbol the global object has a function that gives the active trace's id; the worker calls it in a pause. */
export const activeTraceKey = "culprit.runtime.activeTraceId";

/** The function of the main thread's timer: while it runs, the block is over. */
export const heartbeatName = "culpritHeartbeat";
