import { type Debugger, type Runtime, Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";
import type { StackFrame } from "./block-stack.ts";
import {
  activeTraceKey,
  type CapturedStack,
  cell,
  heartbeatName,
  pollIntervalMs,
  type WatchSettings,
} from "./watch-protocol.ts";

/**
 * A thread that looks whether the main thread's heart still beats. When it does not, it attaches itself as a debugger,
 * pauses the main thread for about a millisecond, reads its stack and lets go again.
 *
 *   main    ─beat─beat─|── blocked ────────────────────────|─beat─beat─
 *   worker  ─poll─poll─poll─poll─┐ stalled: attach, pause, read, let go
 *
 * Attached only that long: an attached debugger costs the main thread time, and would stop at `debugger` statements.
 */
const { cells, stallMs } = workerData as WatchSettings;
/** Attaching makes V8 announce every script, 10 to 60 ms of the main thread's time: not more often than this. */
const capturesPerMinuteMax = 10;
const capturesPerBlockMax = 4;
const nextCaptureMs = 250;
const captureTimeoutMs = 2_000;
/** Enough to find the application below its libraries. */
const framesMax = 64;

let lastBeats = 0;
let lastBeatAtMs = performance.now();
let capturesOfBlock = 0;
let isCapturing = false;
const capturedAtMs: number[] = [];

setInterval(poll, pollIntervalMs);

function poll(): void {
  Atomics.add(cells, cell.polls, 1);
  const nowMs = performance.now();
  const beats = Atomics.load(cells, cell.beats);
  if (beats !== lastBeats) {
    lastBeats = beats;
    lastBeatAtMs = nowMs;
    capturesOfBlock = 0;
    return;
  }
  const isStalled = nowMs - lastBeatAtMs >= stallMs + capturesOfBlock * nextCaptureMs;
  if (beats > 0 && isStalled && !isCapturing && mayCapture(nowMs)) capture(beats, nowMs);
}

function mayCapture(nowMs: number): boolean {
  while (capturedAtMs[0] !== undefined && capturedAtMs[0] < nowMs - 60_000) capturedAtMs.shift();
  return (
    capturesOfBlock < capturesPerBlockMax &&
    capturedAtMs.length < capturesPerMinuteMax &&
    Atomics.load(cells, cell.isEnding) === 0
  );
}

function capture(beats: number, askedAtMs: number): void {
  capturesOfBlock += 1;
  capturedAtMs.push(askedAtMs);
  isCapturing = true;
  Atomics.add(cells, cell.captures, 1);
  const session = new Session();
  const urls = new Map<Runtime.ScriptId, string>();
  const finish = (frames: readonly StackFrame[], lateMs: number, traceId: string) => {
    if (!isCapturing) return;
    isCapturing = false;
    clearTimeout(timeout);
    // Detaching lets a paused main thread go on.
    session.disconnect();
    const isOver = frames.some(({ functionName }) => functionName === heartbeatName);
    const stack: CapturedStack = { beats, frames: isOver ? [] : frames, lateMs, traceId };
    parentPort?.postMessage(stack);
  };
  const timeout = setTimeout(finish, captureTimeoutMs, [], 0, "");
  session.connectToMainThread();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params }) => {
    const lateMs = performance.now() - askedAtMs;
    const frames = params.callFrames.slice(0, framesMax).map((frame) => toStackFrame(frame, urls));
    const expression = `globalThis[Symbol.for("${activeTraceKey}")]?.()`;
    const question = { expression, silent: true, returnByValue: true };
    session.post("Runtime.evaluate", question, (_error, answer?: Runtime.EvaluateReturnType) => {
      finish(frames, lateMs, String(answer?.result.value ?? ""));
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
