import type { TimeInput } from "@opentelemetry/api";

/** Milliseconds since 1970; undefined when no time is given. Smaller numbers are `performance.now()`, as in the API. */
export function toEpochMs(time: TimeInput | undefined): number | undefined {
  if (time === undefined || time === null) return undefined;
  if (Array.isArray(time)) return time[0] * 1_000 + time[1] / 1e6;
  if (time instanceof Date) return time.getTime();
  if (typeof time !== "number" || Number.isNaN(time)) return undefined;
  return time < performance.timeOrigin ? performance.timeOrigin + time : time;
}
