import type { Query } from "../store.ts";
import { inPlaces, ofPlaces } from "./trace-places.ts";

/**
 * The spans of some traces, as `SpanColumns` of analyzers/model with a `traceId` each; ids are bytes, whatever repeats is a
 * dictionary. In no promised order, and copies that a client sent again among them: putting them in order here costs twice
 * what reading does, and whoever reads a trace has to know its spans anyway. For `selectNative`.
 */
export const traceSpansQuery: Query = {
  name: "trace-spans",
  sql: toSql(inPlaces, "LIMIT {spansMax:UInt32}"),
};

/** The same of long traces (`isLongTrace`), all within [fromS, toS + 1). */
export const longTraceSpansQuery: Query = {
  name: "long-trace-spans",
  sql: toSql(ofPlaces, "LIMIT {spansMax:UInt32}"),
};

/** The same in order of start, each span once: the first ones, of a trace that has more than `spansMax`. */
export const firstSpansQuery: Query = {
  name: "first-spans",
  sql: toSql(
    ofPlaces,
    `ORDER BY ts, span_id, received
    LIMIT 1 BY trace_id, span_id
    LIMIT {spansMax:UInt32}`,
  ),
};

/**
 * `ts` is compared with times of its own precision: against whole seconds, ClickHouse's indexes lose what is between
 * the last second and the bound.
 */
function toSql(wanted: string, end: string): string {
  return `
    SELECT
      trace_id AS traceId,
      toUInt32(toUnixTimestamp(ts)) AS startS,
      toUInt32(toUnixTimestamp64Nano(ts) % 1000000000) AS startNs,
      toFloat64(duration) AS durationNs,
      span_id AS spanId,
      parent_span_id AS parentSpanId,
      name,
      kind,
      status_code AS statusCode,
      service,
      environment,
      service_version AS serviceVersion,
      toLowCardinality(toString(resource_id)) AS resourceId,
      scope_name AS scopeName,
      weight,
      repeats,
      http_request_method AS httpRequestMethod,
      http_route AS httpRoute,
      url_template AS urlTemplate,
      server_address AS serverAddress,
      db_system_name AS dbSystemName,
      db_namespace AS dbNamespace,
      db_query_summary AS dbQuerySummary,
      toLowCardinality(db_query_text) AS dbQueryText,
      messaging_destination_name AS messagingDestinationName,
      code_file_path AS codeFilePath,
      code_line_number AS codeLineNumber,
      code_function_name AS codeFunctionName,
      toLowCardinality(toString(shape_id)) AS shapeId,
      params_hash AS paramsHash,
      toFloat64(returned_rows) AS returnedRows,
      toFloat64(repeat_duration_sum_ns) AS repeatDurationSumNs,
      toFloat64(repeat_duration_union_ns) AS repeatDurationUnionNs,
      toFloat64(repeat_distinct_params) AS repeatDistinctParams,
      http_response_status_code AS httpResponseStatusCode,
      toFloat64(response_bytes) AS responseBytes,
      toLowCardinality(lower(extract(response_content_type, '"stringValue":"([^"; ]+)'))) AS responseContentType,
      response_whole AS isResponseWhole,
      response_uncompressed AS isResponseUncompressed,
      toFloat64(pool_wait_ns) AS poolWaitNs,
      pool_name AS poolName,
      toLowCardinality(if(transaction_id = '', '0', transaction_id)) AS transactionId,
      toInt8(toInt8(block_cause) - 1) AS isBlockCause
    FROM spans
    WHERE ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32} + 1, 9, 'UTC')
      AND ${wanted}
    ${end}`;
}

export type TraceSpansParameters = {
  /** See `toPlaces`. */
  readonly places: string;
  /** Starts of spans are in [fromS, toS + 1), whole seconds since 1970; for `trace-spans` also in an interval of their trace. */
  readonly fromS: number;
  readonly toS: number;
  readonly spansMax: number;
};
