import { millisToHrTime } from "@opentelemetry/core";
import type { Span, SpanProcessor } from "@opentelemetry/sdk-trace";
import { createMicrosecondClock } from "../tracing/microsecond-clock.ts";

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
