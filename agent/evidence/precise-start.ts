import { millisToHrTime } from "@opentelemetry/core";
import type { Span, SpanProcessor } from "@opentelemetry/sdk-trace";

/**
 * Gives spans their start to the microsecond. OpenTelemetry's SDK reads it from `Date.now()`, in whole milliseconds, and
 * adds a precise duration: queries of 0.1 ms that ran one after the other seem to start at once, and overlap.
 *
 *   true       |─q1─| |─q2─| |─q3─|
 *   SDK      |─q1─|                          all three start at the full millisecond
 *            |─q2─|
 *            |─q3─|
 */
export class PreciseStart implements SpanProcessor {
  readonly #clock = createMicrosecondClock();

  onStart(span: Span): void {
    const startMs = span.startTime[0] * 1000 + span.startTime[1] / 1e6;
    // A start that the instrumentation gave is not ours to change; it is hardly ever a full millisecond.
    if (!Number.isInteger(startMs)) return;
    const start = millisToHrTime(this.#clock(startMs, performance.now()));
    span.startTime[0] = start[0];
    span.startTime[1] = start[1];
  }

  onEnd(): void {}

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/**
 * Adds to wall time what it lacks below the millisecond, from the monotonic clock. The distance of the two clocks is
 * kept, so that spans of one process keep their order, and follows when the wall clock is set or drifts: the result is
 * always within the millisecond that `wallMs` names.
 */
export function createMicrosecondClock(): (wallMs: number, monotonicMs: number) => number {
  const lastInMs = 0.999;
  let distanceMs = performance.timeOrigin;
  return (wallMs, monotonicMs) => {
    const preciseMs = distanceMs + monotonicMs;
    const withinMs = Math.min(Math.max(preciseMs, wallMs), wallMs + lastInMs);
    distanceMs += withinMs - preciseMs;
    return withinMs;
  };
}
