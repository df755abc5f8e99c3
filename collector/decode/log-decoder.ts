import { valueType } from "./any-value.ts";
import { AttributeWriter } from "./attribute-writer.ts";
import type { Block } from "./block.ts";
import type { Column } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { DecodeContext, RejectReason } from "./decoded-block.ts";
import { createLogBlock, type LogBlockColumns } from "./log-block.ts";
import { LogMessage } from "./log-message.ts";
import { slot } from "./promoted-attributes.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import type { RowDecoder } from "./request-decoder.ts";
import type { ResourceMessage, ScopeMessage } from "./resource-message.ts";
import { ResourceWriter } from "./resource-writer.ts";

/** Highest of OTLP's SeverityNumber; a higher one is newer than we are, and stored as unspecified. */
const severityNumberMax = 24;

/** A row of `logs` for each OTLP LogRecord. */
export function createLogDecoder(request: DecodeRequest): RowDecoder {
  return new LogDecoder(request);
}

class LogDecoder implements RowDecoder {
  readonly block: Block<LogBlockColumns> = createLogBlock();
  readonly #request: DecodeRequest;
  readonly #attributes: AttributeWriter;
  readonly #resources: ResourceWriter;
  readonly #record = new LogMessage();
  #receivedLo = 0;
  #receivedHi = 0;

  constructor(request: DecodeRequest) {
    const { keys, columns } = this.block;
    this.#request = request;
    this.#attributes = new AttributeWriter(request, keys, columns);
    this.#resources = new ResourceWriter(columns, this.#attributes, request);
  }

  get keyValue() {
    return this.#attributes.keyValue;
  }

  startRequest({ receivedMs }: DecodeContext): void {
    this.#resources.startRequest(receivedMs);
    const receivedNs = BigInt(Math.trunc(receivedMs)) * 1_000_000n;
    this.#receivedLo = Number(receivedNs & 0xffff_ffffn);
    this.#receivedHi = Number(receivedNs >> 32n);
  }

  endRequest(): void {
    this.#resources.endRequest();
  }

  read(reader: ProtobufReader, end: number, resource: ResourceMessage, scope: ScopeMessage): void {
    const record = this.#record;
    this.#request.countRow();
    record.read(reader, end, this.#request.limits.attributesMax);
    this.#completeTimes(record);
    const reason = this.#judge(record);
    if (reason !== null) this.#request.reject(reason);
    else this.#write(record, resource, scope);
  }

  #write(record: LogMessage, resource: ResourceMessage, scope: ScopeMessage): void {
    this.#resources.write(resource, scope);
    this.#writeFields(record);
    this.#writeBody(record);
    this.#attributes.writeTyped(record.attributes);
    if (record.droppedAttributes > 0) {
      this.#attributes.addCount(slot.droppedAttributesCount, record.droppedAttributes);
    }
    this.#attributes.endTypedRow();
    this.block.rows++;
  }

  #judge({ timeLo, timeHi }: LogMessage): RejectReason | null {
    if (!this.#request.isServiceAllowed) return "service_not_allowed";
    return this.#request.isInWindow(timeLo, timeHi) ? null : "outside_time_window";
  }

  /**
   * A record whose source gave no time happened when it was first observed; and who observes first sets that time, which
   * is us when nobody did (the log data model, "Timestamp" and "ObservedTimestamp").
   */
  #completeTimes(record: LogMessage): void {
    if (record.observedLo === 0 && record.observedHi === 0) {
      record.observedLo = this.#receivedLo;
      record.observedHi = this.#receivedHi;
    }
    if (record.timeLo === 0 && record.timeHi === 0) {
      record.timeLo = record.observedLo;
      record.timeHi = record.observedHi;
    }
  }

  #writeFields(record: LogMessage): void {
    const { columns } = this.block;
    const attributes = this.#attributes;
    columns.ts.addUint64(record.timeLo, record.timeHi);
    columns.observed_ts.addUint64(record.observedLo, record.observedHi);
    attributes.addId(columns.trace_id, record.traceIdStart, record.traceIdEnd, 16);
    attributes.addId(columns.span_id, record.spanIdStart, record.spanIdEnd, 8);
    columns.flags.addUint32(record.flags);
    const { severityNumber } = record;
    columns.severity_number.addUint8(severityNumber > severityNumberMax ? 0 : severityNumber);
    attributes.addUtf8(columns.severity_text, record.severityTextStart, record.severityTextEnd);
    attributes.addUtf8(columns.event_name, record.eventNameStart, record.eventNameEnd);
  }

  /** Text in one column, anything else in the other. */
  #writeBody({ bodyStart, bodyEnd }: LogMessage): void {
    const { body, body_json } = this.block.columns;
    const { keyValue } = this.#attributes;
    keyValue.reader.at = bodyStart;
    keyValue.readAnyValue(bodyEnd);
    const isText = keyValue.type === valueType.string;
    if (isText) this.#attributes.addUtf8(body, keyValue.valueStart, keyValue.valueEnd);
    else addEmpty(body);
    if (isText || keyValue.type === valueType.empty) addEmpty(body_json);
    else this.#attributes.addValueJson(body_json);
  }
}

function addEmpty(column: Column): void {
  column.addVarint(0);
}
