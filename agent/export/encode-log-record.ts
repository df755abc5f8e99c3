import { delimited } from "../tracing/attribute-key.ts";
import { encodeAttribute } from "./encode-attribute.ts";

/** A log record of the agent's own. */
export interface LogRecord {
  readonly eventName: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** 32 hex digits; "" when it belongs to no trace. */
  readonly traceId: string;
  /** 16 hex digits; absent when it belongs to no span. */
  readonly spanId?: string;
}

/** `SEVERITY_NUMBER_INFO`. */
const info = 9;

/**
 * OTLP's ExportLogsServiceRequest (opentelemetry/proto/collector/logs/v1) with this one record. `resource` is an encoded
 * Resource, `scope` who made the record.
 */
export function encodeLogRecord(
  { eventName, body, attributes, traceId, spanId = "" }: LogRecord,
  resource: Uint8Array,
  scope: string,
  timeMs = Date.now(),
): Buffer {
  const record = Buffer.concat([
    time(0x09, timeMs),
    Uint8Array.of(0x10, info),
    text(0x1a, "INFO"),
    delimited(0x2a, text(0x0a, body)),
    ...Object.entries(attributes).map(([key, value]) => encodeAttribute(0x32, key, value)),
    ...(traceId === "" ? [] : [delimited(0x4a, Buffer.from(traceId, "hex"))]),
    ...(spanId === "" ? [] : [delimited(0x52, Buffer.from(spanId, "hex"))]),
    time(0x59, timeMs),
    text(0x62, eventName),
  ]);
  const scopeLogs = Buffer.concat([delimited(0x0a, text(0x0a, scope)), delimited(0x12, record)]);
  const resourceLogs = Buffer.concat([delimited(0x0a, resource), delimited(0x12, scopeLogs)]);
  return Buffer.from(delimited(0x0a, resourceLogs));
}

function text(tag: number, value: string): Uint8Array {
  return delimited(tag, Buffer.from(value));
}

function time(tag: number, timeMs: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = tag;
  bytes.writeBigUInt64LE(BigInt(Math.round(timeMs)) * 1_000_000n, 1);
  return bytes;
}
