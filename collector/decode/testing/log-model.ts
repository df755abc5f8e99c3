import fc from "fast-check";
import {
  bytes,
  attributes as encodeAttributes,
  encodeEnvelope,
  text as encodeText,
  encodeValue,
  fixed32,
  fixed64,
  message,
  varint,
} from "./encode-otlp.ts";
import {
  type Envelope,
  envelopeArbitrary,
  rowExpressions,
  toAttributeRow,
  toRows,
} from "./envelope.ts";
import {
  attribute,
  attributes,
  hex,
  type OtlpAttribute,
  type OtlpValue,
  testTimeMs,
  text,
  value,
} from "./otlp-model.ts";

/** An OTLP LogRecord in the words of OTLP/JSON. */
export interface OtlpLogRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: OtlpValue;
  readonly attributes?: readonly OtlpAttribute[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
}

export function encodeLogs(envelope: Envelope<OtlpLogRecord>): Buffer {
  return encodeEnvelope(envelope, (record) => [
    fixed64(1, BigInt(record.timeUnixNano ?? 0)),
    varint(2, BigInt(record.severityNumber ?? 0)),
    encodeText(3, record.severityText ?? ""),
    ...(record.body === undefined ? [] : [message(5, encodeValue(record.body))]),
    ...encodeAttributes(6, record.attributes ?? []),
    varint(7, BigInt(record.droppedAttributesCount ?? 0)),
    fixed32(8, record.flags ?? 0),
    bytes(9, Buffer.from(record.traceId ?? "", "hex")),
    bytes(10, Buffer.from(record.spanId ?? "", "hex")),
    fixed64(11, BigInt(record.observedTimeUnixNano ?? 0)),
    encodeText(12, record.eventName ?? ""),
  ]);
}

/** Nanoseconds since 1970 in the window of the tests. */
export const timeUnixNano = fc
  .bigInt({ min: 1n, max: 10n ** 12n })
  .map((offset) => String(BigInt(testTimeMs) * 1_000_000n + offset));

/** Requests of every shape that OTLP allows, with times that are accepted. */
export const logsArbitrary: fc.Arbitrary<Envelope<Required<OtlpLogRecord>>> = envelopeArbitrary(
  fc.record({
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: text,
    body: value,
    attributes,
    droppedAttributesCount: fc.integer({ min: 0, max: 3 }),
    flags: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    traceId: fc.oneof(fc.constant(""), hex(16)),
    spanId: fc.oneof(fc.constant(""), hex(8)),
    eventName: text,
  }),
);

/** The records of `logs`, but those of the specification's examples, as `toLogRows` makes them. In any order. */
export const logRowsQuery = {
  name: "all-logs",
  sql: `
    SELECT
      toString(toUnixTimestamp64Nano(ts)) AS time,
      toString(toUnixTimestamp64Nano(observed_ts)) AS observed,
      lower(hex(trace_id)) AS traceId,
      lower(hex(span_id)) AS spanId,
      flags,
      severity_number AS severityNumber,
      severity_text AS severityText,
      event_name AS eventName,
      body,
      body_json AS bodyJson,
      ${rowExpressions}
    FROM logs
    WHERE service != 'my.service'
    ORDER BY ALL
    LIMIT 100000`,
};

/** What storage holds of log records of `logsArbitrary`, made in the plain way. */
export function toLogRows(envelope: Envelope<Required<OtlpLogRecord>>): object[] {
  return toRows(envelope, (record) => ({
    time: record.timeUnixNano,
    observed: record.observedTimeUnixNano,
    traceId: record.traceId || "00".repeat(16),
    spanId: record.spanId || "00".repeat(8),
    flags: record.flags,
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    eventName: record.eventName,
    ...toBodyRow(record.body),
    ...toAttributeRow([
      ...record.attributes,
      ...(record.droppedAttributesCount === 0
        ? []
        : [attribute("otel.dropped_attributes_count", record.droppedAttributesCount)]),
    ]),
  }));
}

function toBodyRow(body: OtlpValue) {
  if ("stringValue" in body) return { body: body.stringValue, bodyJson: "" };
  return { body: "", bodyJson: Object.keys(body).length === 0 ? "" : JSON.stringify(body) };
}
