/** A request that waits longer was answered by its proxy long ago: then the two clocks differ. */
const queueMsMax = 600_000;

/**
 * How long a request waited between its proxy and this process, in milliseconds: from `x-request-start` or
 * `x-queue-start`, which hold the time as seconds, milliseconds, microseconds or nanoseconds, with or without `t=`.
 * Undefined when the header makes no sense.
 */
export function readQueueTime(header: unknown, startMs: number): number | undefined {
  if (typeof header !== "string" || header.length > 32) return undefined;
  const value = Number(header.startsWith("t=") ? header.slice(2) : header);
  if (!(value > 1e9)) return undefined;
  const queuedMs = startMs - toMs(value);
  return queuedMs >= 0 && queuedMs <= queueMsMax ? queuedMs : undefined;
}

/** Today is 1.8e9 s: the size of the number says its unit. */
function toMs(value: number): number {
  if (value < 1e11) return value * 1_000;
  if (value < 1e14) return value;
  return value < 1e17 ? value / 1e3 : value / 1e6;
}
