import type { Query } from "../store.ts";
import { inIntervals } from "./trace-places.ts";

/**
 * The spans of one trace with what its page draws: half of the columns of `trace-spans`, of the same form, and no attributes, so
 * it costs a third. In no promised order, and copies that a client sent again among them. For `selectNative`.
 */
export const waterfallSpansQuery: Query = {
  name: "waterfall-spans",
  sql: toSql("LIMIT {spansMax:UInt32}"),
};

/** The same in order of start, each span once as it came first: for a trace with copies, or with more than `spansMax`. */
export const firstWaterfallSpansQuery: Query = {
  name: "first-waterfall-spans",
  sql: toSql(`ORDER BY ts, span_id, received
    LIMIT 1 BY span_id
    LIMIT {spansMax:UInt32}`),
};

function toSql(end: string): string {
  return `
    SELECT
      toUInt32(toUnixTimestamp(ts)) AS startS,
      toUInt32(toUnixTimestamp64Nano(ts) % 1000000000) AS startNs,
      toFloat64(duration) AS durationNs,
      span_id AS spanId,
      parent_span_id AS parentSpanId,
      name,
      kind,
      status_code AS statusCode,
      service,
      toLowCardinality(toString(resource_id)) AS resourceId,
      repeats,
      http_request_method AS httpRequestMethod,
      url_template AS urlTemplate,
      db_system_name AS dbSystemName,
      db_query_summary AS dbQuerySummary,
      toLowCardinality(db_query_text) AS dbQueryText,
      messaging_destination_name AS messagingDestinationName,
      toLowCardinality(toString(shape_id)) AS shapeId
    FROM spans
    WHERE ${inIntervals}
      AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32} + 1, 9, 'UTC')
      AND trace_id = toFixedString(unhex({traceId:String}), 16)
    ${end}`;
}

export type WaterfallSpansParameters = {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Starts of spans are in [fromS, toS + 1), whole seconds since 1970. */
  readonly fromS: number;
  readonly toS: number;
  readonly spansMax: number;
};
