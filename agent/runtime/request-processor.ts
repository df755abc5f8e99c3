import { SpanKind } from "@opentelemetry/api";
import type { Span, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Runtime } from "./start-runtime.ts";

/** Tells the runtime of the server spans that OpenTelemetry's SDK makes. */
export class RequestProcessor implements SpanProcessor {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  onStart(span: Span): void {
    if (span.kind === SpanKind.SERVER) this.#runtime.requestStarted(span);
  }

  onEnding(span: Span): void {
    if (span.kind === SpanKind.SERVER) this.#runtime.requestEnding(span);
  }

  onEnd(): void {}

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
