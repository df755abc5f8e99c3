import { SpanKind } from "@opentelemetry/api";
import { hrTimeToSeconds } from "@opentelemetry/core";
import type { ReadableSpan, Span, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Runtime } from "./start-runtime.ts";

/** Tells the runtime of the spans that OpenTelemetry's SDK makes. */
export class RequestProcessor implements SpanProcessor {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  onStart(span: Span): void {
    if (span.kind === SpanKind.SERVER) this.#runtime.requestStarted(span, performance.now());
  }

  onEnding(span: Span): void {
    if (span.kind === SpanKind.SERVER) this.#runtime.requestEnding(span, performance.now());
  }

  onEnd(span: ReadableSpan): void {
    const durations = this.#runtime.metrics?.durations;
    if (durations === undefined) return;
    const { kind, attributes } = span;
    const call = {
      attributes,
      durationS: hrTimeToSeconds(span.duration),
      span: span.spanContext(),
    };
    if (kind === SpanKind.SERVER) durations.recordServer(call);
    else if (kind === SpanKind.CLIENT) durations.recordClient(call);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
