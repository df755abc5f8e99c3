import { encodeLogRecord, type LogRecord } from "./encode-log-record.ts";
import { encodeResource } from "./encode-resource.ts";
import type { ExportSettings } from "./export-service.ts";
import { readOtlpEnvironment } from "./otlp-environment.ts";
import { OtlpSender } from "./otlp-sender.ts";

/** Records that wait for the collector; beyond it the oldest are dropped. */
const queueBytesMax = 1024 * 1024;

/** Sends log records of the agent's own, each in a request: there are few. Only for the agent's thread. */
export class LogSender {
  readonly #sender: OtlpSender;
  readonly #resource: Uint8Array;

  /** `onDrop`: a record could not be sent. */
  constructor({ environment, resource }: ExportSettings, onDrop: () => void) {
    this.#resource = encodeResource(resource);
    this.#sender = new OtlpSender(
      readOtlpEnvironment(environment, "application/x-protobuf", "LOGS"),
      {
        queueBytesMax,
        onDrop,
        // Whoever takes no logs is told nothing: his spans may well arrive.
        onWarning: () => undefined,
      },
    );
  }

  send(record: LogRecord): void {
    const body = encodeLogRecord(record, this.#resource, "@culprit/agent");
    this.#sender.enqueue({ body, spans: 1 });
  }
}
