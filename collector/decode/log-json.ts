import type { JsonRewriter } from "./json-rewriter.ts";
import { type JsonObject, toObject } from "./json-values.ts";

/** The fields of an OTLP LogRecord. */
export function writeLogRecord(rewriter: JsonRewriter, record: JsonObject): void {
  rewriter.writeUint64(1, record, "timeUnixNano");
  rewriter.writeEnum(2, record, "severityNumber");
  rewriter.writeText(3, record, "severityText");
  const body = toObject(record.body, "body");
  if (body !== null) rewriter.writeAnyValue(5, body);
  rewriter.writeAttributes(6, record);
  rewriter.writeCount(7, record, "droppedAttributesCount");
  rewriter.writeFlags(8, record, "flags");
  rewriter.writeId(9, record, "traceId");
  rewriter.writeId(10, record, "spanId");
  rewriter.writeUint64(11, record, "observedTimeUnixNano");
  rewriter.writeText(12, record, "eventName");
}
