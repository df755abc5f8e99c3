import type { Query } from "../store.ts";

/**
 * The log records of a trace, by time. Takes the trace's bounds, and looks an hour beyond them on both sides: a log may
 * come before the first span that is stored, or after the last one ended. Long texts are cut.
 */
export const traceLogsQuery: Query = {
  name: "trace-logs",
  sql: `
    SELECT
      toFloat64(toUnixTimestamp64Milli(ts)) AS atMs,
      if(span_id = toFixedString('', 8), '', lower(hex(span_id))) AS spanId,
      service,
      severity_number AS severityNumber,
      severity_text AS severityText,
      event_name AS eventName,
      leftUTF8(if(body_json = '', body, body_json), {charactersMax:UInt32}) AS body,
      mapApply((k, v) -> (k, leftUTF8(v, {charactersMax:UInt32})), attributes) AS attributes,
      attributes_int AS attributesInt,
      attributes_double AS attributesDouble,
      attributes_bool AS attributesBool,
      mapApply((k, v) -> (k, leftUTF8(v, {charactersMax:UInt32})), attributes_json) AS attributesJson
    FROM logs
    WHERE toStartOfHour(ts) >= toStartOfHour(toDateTime({fromS:UInt32}, 'UTC')) - INTERVAL 1 HOUR
      AND toStartOfHour(ts) <= toStartOfHour(toDateTime({toS:UInt32}, 'UTC')) + INTERVAL 1 HOUR
      AND trace_id = toFixedString(unhex({traceId:String}), 16)
    ORDER BY ts, span_id, severity_number, logs.body
    LIMIT {logsMax:UInt32}`,
};

export type TraceLogsParameters = {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly fromS: number;
  readonly toS: number;
  readonly logsMax: number;
  /** Of a body or an attribute. */
  readonly charactersMax: number;
};

type Attributes = Readonly<Record<string, string>>;

export type TraceLogRow = {
  readonly atMs: number;
  /** "": written outside of any span. */
  readonly spanId: string;
  readonly service: string;
  /** OTLP's SeverityNumber; 0: unspecified. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  /** Text, or OTLP JSON AnyValue text. */
  readonly body: string;
  readonly attributes: Attributes;
  /** Decimal Int64. */
  readonly attributesInt: Attributes;
  readonly attributesDouble: Readonly<Record<string, number>>;
  readonly attributesBool: Readonly<Record<string, boolean>>;
  readonly attributesJson: Attributes;
};
