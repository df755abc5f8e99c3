import type { Query } from "../store.ts";
import { inIntervals } from "./trace-places.ts";

/**
 * The spans of one trace with what its page draws, as `SpanColumns` of analyzers/model that lack the others: half of the
 * columns and no attributes, so it costs a third of `trace-spans`. Each span once. For `selectColumns`.
 */
export const waterfallSpansQuery: Query = {
  name: "waterfall-spans",
  sql: `
    SELECT
      toUInt32(toUnixTimestamp(ts)) AS startS,
      toUInt32(toUnixTimestamp64Nano(ts) % 1000000000) AS startNs,
      toFloat64(duration) AS durationNs,
      lower(hex(span_id)) AS spanId,
      if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS parentSpanId,
      name,
      kind,
      status_code AS statusCode,
      service,
      resource_id AS resourceId,
      repeats,
      http_request_method AS httpRequestMethod,
      url_template AS urlTemplate,
      db_system_name AS dbSystemName,
      db_query_summary AS dbQuerySummary,
      db_query_text AS dbQueryText,
      messaging_destination_name AS messagingDestinationName,
      shape_id AS shapeId
    FROM spans
    WHERE ${inIntervals}
      AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32} + 1, 9, 'UTC')
      AND trace_id = toFixedString(unhex({traceId:String}), 16)
    ORDER BY ts, span_id, received
    LIMIT 1 BY span_id
    LIMIT {spansMax:UInt32}`,
};

export type WaterfallSpansParameters = {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Starts of spans are in [fromS, toS + 1), whole seconds since 1970. */
  readonly fromS: number;
  readonly toS: number;
  readonly spansMax: number;
};
