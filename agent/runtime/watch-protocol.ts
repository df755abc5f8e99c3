import type { StackFrame } from "./block-stack.ts";

/**
 * Cells of the `Int32Array` that main thread and watching thread share. Times are milliseconds of the main thread's
 * `performance.now()`, cut to 32 bits: only differences of them mean anything.
 */
export const cell = {
  /** Written by the main thread: beats of its heart. */
  beats: 0,
  /** Written by the main thread: when its heart last beat. */
  beatAtMs: 1,
  /** Written by the watching thread: when it wants to look again; 0 before it has started. */
  lookAtMs: 2,
  /** Written by the watching thread: how much too late it looked, in all. A process that was stopped or starved is late in both. */
  lateMs: 3,
  /** Written by the watching thread: stacks that it has begun to take. */
  captures: 4,
  /** Written by the main thread: 1 once the process ends. */
  isEnding: 5,
  /** Written by the main thread: 1 while it has no requests, and its heart rests. */
  isResting: 6,
} as const;
const cellCount = 7;

export interface WatchSettings {
  readonly cells: Int32Array<SharedArrayBuffer>;
  /** From this duration on a block is told. */
  readonly blockMs: number;
  /** What `process.hrtime` was when the main thread's `performance.now()` was 0: both threads know the former. */
  readonly originMs: number;
}

/** What the thread has seen in a stalled main thread. An empty list of frames: it was over before. */
export interface CapturedStack {
  /** Count of beats when the stack was asked for. */
  readonly beats: number;
  readonly frames: readonly StackFrame[];
  /** From asking to getting it: native code can't be interrupted, and the stack is of what ran after it. */
  readonly lateMs: number;
  /** Of the span that was active, 32 hex digits; "" for none. */
  readonly traceId: string;
}

export const beatIntervalMs = 20;

/** Under this symbol the global object has a function that gives the active trace's id; the thread calls it in a pause. */
export const activeTraceKey = "culprit.runtime.activeTraceId";

/** The function of the main thread's timer: while it runs, the block is over. */
export const heartbeatName = "culpritHeartbeat";

/** To the watching thread: the main thread's heart beats again. */
export interface WatchRequest {
  readonly kind: "watch";
}

/** To be called in the thread that is watched; undefined when `blockMs` is 0, which asks for no watch. */
export function createWatchSettings(blockMs: number): WatchSettings | undefined {
  if (blockMs === 0) return undefined;
  return {
    cells: new Int32Array(new SharedArrayBuffer(cellCount * 4)),
    blockMs,
    // Asked for when the thread starts: Node loads what stands behind `performance` with its first use.
    get originMs() {
      return monotonicMs() - performance.now();
    },
  };
}

/** The same for all threads of the process. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
