import type { Debugger, Runtime } from "node:inspector";
import type { StackFrame } from "./block-stack.ts";
import { openMainThreadRunDelay } from "./run-delay.ts";
import {
  activeTraceKey,
  beatIntervalMs,
  type CapturedStack,
  cell,
  heartbeatName,
  monotonicMs,
  type WatchSettings,
} from "./watch-protocol.ts";

/** Attaching makes V8 announce every script, 10 to 60 ms of the main thread's time: not more often than this. */
const capturesPerMinuteMax = 10;
const capturesPerBlockMax = 4;
const nextCaptureMs = 250;
const captureTimeoutMs = 2_000;
/** While the main thread is stalled. */
const stalledLookMs = 25;
/** A timer that comes a little late says nothing. */
const lateMinMs = 5;
/** Enough to find the application below its libraries. */
const framesMax = 64;

/**
 * Looks from another thread whether the main thread's heart still beats. When it does not, attaches itself as a debugger,
 * pauses the main thread for about a millisecond, reads its stack and lets go again.
 *
 *   main    ─beat─beat─beat─|── blocked ──────────────────────|─beat─beat─
 *   thread  ──────look──────────look: its last beat is too old: attach, pause, read, let go
 *
 * It sleeps until the last beat that it has seen would be too old, about every 65 ms, and while the main thread rests until
 * it is told that it does no more. Attached only that long: an
 * attached debugger costs the main thread time, and would stop at `debugger` statements. Time for which the main thread
 * waits for a CPU is no block: on a busy machine it would be attached all the time. Nor is time for which this thread stood
 * still as well: the process was stopped, or its whole machine.
 */
export function watchMainThread(
  settings: WatchSettings,
  listener: WatchListener,
  means: WatchMeans = meansOf(settings),
) {
  const watch = new MainThreadWatch(settings, listener, means);
  watch.look();
  return watch;
}

/** What the watch looks with. */
export interface WatchMeans {
  /** As of `cell`. */
  nowMs(): number;
  /** For how long the main thread has waited for a CPU; undefined where nobody tells. */
  readonly runDelayMs: (() => number) | undefined;
  /** Calls `onFrames` once; without frames when none could be had in time. Throws in a Node without an inspector. */
  capture(onFrames: (frames: readonly StackFrame[], traceId: string) => void): void;
}

function meansOf({ originMs }: WatchSettings): WatchMeans {
  return {
    nowMs: () => Math.round(monotonicMs() - originMs) | 0,
    runDelayMs: openMainThreadRunDelay(),
    capture: captureStack,
  };
}

export interface WatchListener {
  onStack(stack: CapturedStack): void;
  /** No stack can be had in this process: the thread looks no more. */
  onFailure(reason: string): void;
}

class MainThreadWatch {
  readonly #cells: Int32Array;
  readonly #listener: WatchListener;
  readonly #means: WatchMeans;
  /** Early, so that a block that is just long enough to be told has a stack. */
  readonly #stallMs: number;
  readonly #capturedAtMs: number[] = [];
  /** How long the main thread had waited for a CPU when its heart was last seen to beat. */
  #waitedMs = 0;
  /** Since then: what nobody is to blame for, as this thread was late, too. */
  #excusedMs = 0;
  #lastBeats = 0;
  #capturesOfBlock = 0;
  #isCapturing = false;
  #isFailed = false;
  #isResting = false;

  constructor({ cells, blockMs }: WatchSettings, listener: WatchListener, means: WatchMeans) {
    this.#cells = cells;
    this.#listener = listener;
    this.#means = means;
    this.#stallMs = Math.round(Math.max(blockMs * 0.75, 2 * beatIntervalMs));
  }

  /** The main thread rests no more. */
  wake(): void {
    if (this.#isResting) this.look();
  }

  look(): void {
    this.#isResting = Atomics.load(this.#cells, cell.isResting) === 1;
    if (this.#isResting) {
      Atomics.store(this.#cells, cell.lookAtMs, 0);
      return;
    }
    const nowMs = this.#means.nowMs();
    const sinceBeatMs = (nowMs - Atomics.load(this.#cells, cell.beatAtMs)) | 0;
    const beats = Atomics.load(this.#cells, cell.beats);
    const waitedMs = this.#means.runDelayMs?.() ?? 0;
    if (beats !== this.#lastBeats) {
      this.#lastBeats = beats;
      this.#capturesOfBlock = 0;
      this.#waitedMs = waitedMs;
      this.#excusedMs = 0;
    }
    const lateMs = this.#tellLateness(nowMs);
    // Stopped; nobody knows since when.
    if (lateMs >= beatIntervalMs) this.#excusedMs = sinceBeatMs;
    else this.#excusedMs += lateMs;
    const blockedMs = sinceBeatMs - (waitedMs - this.#waitedMs) - this.#excusedMs;
    const isStalled = blockedMs >= this.#stallMs + this.#capturesOfBlock * nextCaptureMs;
    if (beats > 0 && isStalled && !this.#isCapturing && this.#mayCapture()) this.#capture(beats);
    if (this.#isFailed) return;
    const waitMs = sinceBeatMs < this.#stallMs ? this.#stallMs - sinceBeatMs : stalledLookMs;
    Atomics.store(this.#cells, cell.lookAtMs, (nowMs + waitMs) | 0);
    setTimeout(() => this.look(), waitMs);
  }

  /** By how many milliseconds this look comes too late. */
  #tellLateness(nowMs: number): number {
    const lookAtMs = Atomics.load(this.#cells, cell.lookAtMs);
    const lateMs = lookAtMs === 0 ? 0 : (nowMs - lookAtMs) | 0;
    if (lateMs < lateMinMs) return 0;
    Atomics.add(this.#cells, cell.lateMs, lateMs);
    return lateMs;
  }

  #mayCapture(): boolean {
    const nowMs = performance.now();
    const captured = this.#capturedAtMs;
    while (captured[0] !== undefined && captured[0] < nowMs - 60_000) captured.shift();
    return (
      this.#capturesOfBlock < capturesPerBlockMax &&
      captured.length < capturesPerMinuteMax &&
      Atomics.load(this.#cells, cell.isEnding) === 0
    );
  }

  #capture(beats: number): void {
    const askedAtMs = performance.now();
    this.#capturesOfBlock += 1;
    this.#capturedAtMs.push(askedAtMs);
    this.#isCapturing = true;
    Atomics.add(this.#cells, cell.captures, 1);
    const onFrames = (frames: readonly StackFrame[], traceId: string) => {
      this.#isCapturing = false;
      const isOver = frames.some(({ functionName }) => functionName === heartbeatName);
      const lateMs = performance.now() - askedAtMs;
      this.#listener.onStack({ beats, frames: isOver ? [] : frames, lateMs, traceId });
    };
    try {
      this.#means.capture(onFrames);
    } catch (error) {
      // A Node without an inspector.
      this.#isFailed = true;
      this.#listener.onFailure(error instanceof Error ? error.message : String(error));
    }
  }
}

function captureStack(onFrames: (frames: readonly StackFrame[], traceId: string) => void): void {
  // Loaded here: most processes never have a block that is long enough.
  const { Session } = process.getBuiltinModule("node:inspector");
  const session = new Session();
  const urls = new Map<Runtime.ScriptId, string>();
  let isFinished = false;
  const finish = (frames: readonly StackFrame[], traceId: string) => {
    if (isFinished) return;
    isFinished = true;
    clearTimeout(timeout);
    // Detaching lets a paused main thread go on.
    session.disconnect();
    onFrames(frames, traceId);
  };
  const timeout = setTimeout(finish, captureTimeoutMs, [], "");
  session.connectToMainThread();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params }) => {
    const frames = params.callFrames.slice(0, framesMax).map((frame) => toStackFrame(frame, urls));
    const expression = `globalThis[Symbol.for("${activeTraceKey}")]?.()`;
    const question = { expression, silent: true, returnByValue: true };
    session.post("Runtime.evaluate", question, (_error, answer?: Runtime.EvaluateReturnType) => {
      finish(frames, String(answer?.result.value ?? ""));
    });
  });
  session.post("Debugger.enable");
  session.post("Debugger.pause");
}

function toStackFrame(
  { functionName, url, location }: Debugger.CallFrame,
  urls: ReadonlyMap<Runtime.ScriptId, string>,
): StackFrame {
  return {
    functionName,
    url: url || (urls.get(location.scriptId) ?? ""),
    lineNumber: location.lineNumber + 1,
    columnNumber: (location.columnNumber ?? 0) + 1,
  };
}
