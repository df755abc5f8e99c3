import { encodeLogRecord, type LogRecord } from "./encode-log-record.ts";
import { encodeResource } from "./encode-resource.ts";
import type { ExportSettings } from "./export-service.ts";
import { readOtlpEnvironment } from "./otlp-environment.ts";
import { OtlpSender } from "./otlp-sender.ts";
import type { OtlpTarget } from "./post-otlp.ts";

/** Records that wait for the collector; beyond it the oldest are dropped. */
const queueBytesMax = 1024 * 1024;

/**
 * Beside the spans: whoever has named an address for spans alone (`…/v1/traces`) has not thought of these records, and
 * they go to the same collector with the same headers.
 */
export function toLogTarget(environment: ExportSettings["environment"]): OtlpTarget {
  const ofTraces = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? "";
  const isOnlyForTraces =
    /\/v1\/traces\/?$/.test(ofTraces) &&
    !environment.OTEL_EXPORTER_OTLP_ENDPOINT &&
    !environment.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT;
  const target = readOtlpEnvironment(
    environment,
    "application/x-protobuf",
    isOnlyForTraces ? "TRACES" : "LOGS",
  );
  return isOnlyForTraces ? { ...target, url: target.url.replace(/traces\/?$/, "logs") } : target;
}

/** Sends log records of the agent's own, each in a request: there are few. Only for the agent's thread. */
export class LogSender {
  readonly #sender: OtlpSender;
  readonly #resource: Uint8Array;

  /** `onDrop`: a record could not be sent. */
  constructor({ environment, resource }: ExportSettings, onDrop: () => void) {
    this.#resource = encodeResource(resource);
    this.#sender = new OtlpSender(toLogTarget(environment), {
      queueBytesMax,
      onDrop,
      // Whoever takes no logs is told nothing: his spans may well arrive.
      onWarning: () => undefined,
    });
  }

  send(record: LogRecord): void {
    const body = encodeLogRecord(record, this.#resource, "@culprit/agent");
    this.#sender.enqueue({ body, spans: 1 });
  }
}
