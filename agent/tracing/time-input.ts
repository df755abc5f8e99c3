import type { TimeInput } from "@opentelemetry/api";

/** Milliseconds since 1970; undefined when no time is given. Smaller numbers are `performance.now()`, as in the API. */
export function toEpochMs(time: TimeInput | undefined): number | undefined {
  if (time === undefined || time === null) return undefined;
  const ms = toMs(time);
  if (!Number.isFinite(ms)) return undefined;
  return typeof time === "number" && ms < performance.timeOrigin ? performance.timeOrigin + ms : ms;
}

function toMs(time: TimeInput): number {
  if (Array.isArray(time)) return time[0] * 1_000 + time[1] / 1e6;
  return time instanceof Date ? time.getTime() : Number(time);
}
