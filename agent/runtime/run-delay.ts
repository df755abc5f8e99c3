import { openSync, readSync } from "node:fs";
import { monotonicNow } from "../tracing/monotonic-clock.ts";

/** proc_pid_schedstat(5): nanoseconds on a CPU, nanoseconds ready and waiting for one, times it got one. */
const ownFile = "/proc/thread-self/schedstat";
/** The main thread has the process's number. */
const mainThreadFile = `/proc/self/task/${process.pid}/schedstat`;
const textBytesMax = 64;

/** As `openRunDelay`, of the main thread, for any other. */
export function openMainThreadRunDelay(): (() => number) | undefined {
  return openRunDelay(mainThreadFile);
}

/**
 * For how long the calling thread was ready to run and got no CPU since it began, because others had all of them or
 * its group has used up its share; milliseconds. Undefined where nobody tells: other systems than Linux.
 */
export function openRunDelay(file = ownFile): (() => number) | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return undefined;
  }
  const bytes = Buffer.alloc(textBytesMax);
  return () =>
    parseRunDelay(bytes.toString("latin1", 0, readSync(descriptor, bytes, 0, textBytesMax, 0)));
}

/**
 * A clock that stands still while the calling thread waits for a CPU, where the system tells: shares of its time are those
 * of what the thread gets, be it a tenth of a CPU. Milliseconds.
 */
export function openRunningClock(): () => number {
  const runDelayMs = openRunDelay() ?? (() => 0);
  return () => monotonicNow() - runDelayMs();
}

export function parseRunDelay(text: string): number {
  return Number(text.split(" ", 2)[1]) / 1e6;
}
