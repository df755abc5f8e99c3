import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { countDropped, warn } from "../diagnostics.ts";
import { OtlpSender } from "./otlp-sender.ts";
import { readOtlpTarget } from "./otlp-target.ts";

const encodings = {
  "http/protobuf": { serializer: ProtobufTraceSerializer, contentType: "application/x-protobuf" },
  "http/json": { serializer: JsonTraceSerializer, contentType: "application/json" },
};

export interface OtlpSpanExporterOptions {
  readonly exportQueueBytesMax: number;
}

/**
 * Encodes each batch at once and hands it to a sender that never keeps the process alive. OpenTelemetry's own exporter
 * holds the process for up to 30 s while its collector is down, by timers that can't be reached from outside.
 *
 * Where to send and how is read from `OTEL_EXPORTER_OTLP_*` by OpenTelemetry's code, so it means what it means there.
 */
export class OtlpSpanExporter implements SpanExporter {
  readonly #serializer: (typeof encodings)["http/protobuf"]["serializer"];
  readonly #sender: OtlpSender;

  constructor(encoding: keyof typeof encodings, { exportQueueBytesMax }: OtlpSpanExporterOptions) {
    const { serializer, contentType } = encodings[encoding];
    this.#serializer = serializer;
    this.#sender = new OtlpSender(readOtlpTarget(contentType), {
      queueBytesMax: exportQueueBytesMax,
      onDrop: countDropped,
      onWarning: warn,
    });
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const body = this.#serializer.serializeRequest(spans);
    if (body) this.#sender.enqueue({ body, spans: spans.length });
    done({ code: body ? ExportResultCode.SUCCESS : ExportResultCode.FAILED });
  }

  /** Rejects at the first batch that can't be sent; it and those behind it stay queued. */
  async forceFlush(): Promise<void> {
    if (!(await this.#sender.flush())) throw new Error("the collector did not take every span");
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }
}
