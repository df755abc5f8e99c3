import type { Query } from "../store.ts";

/**
 * The spans of some traces, as `SpanColumns` of analyzers/model with a `traceId` each, each span once: copies that a
 * client sent again are dropped. In order of trace and start. Ids are bytes; whatever repeats is a dictionary. For
 * `selectNative`.
 *
 * `ts` is compared with times of its own precision: against whole seconds, ClickHouse's indexes lose what is between
 * the last second and the bound.
 */
export const traceSpansQuery: Query = {
  name: "trace-spans",
  sql: `
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
      toFloat64(attributes_int['culprit.repeat.duration_sum_ns']) AS repeatDurationSumNs,
      toFloat64(attributes_int['culprit.repeat.duration_union_ns']) AS repeatDurationUnionNs,
      toFloat64(attributes_int['culprit.repeat.distinct_params']) AS repeatDistinctParams,
      http_response_status_code AS httpResponseStatusCode,
      toFloat64(greatest(
        attributes_int['http.response.body.size'],
        attributes_int['http.response.size'],
        attributes_int['http.response_content_length']
      )) AS responseBytes,
      1e6 * (attributes_double['culprit.pool.wait_ms'] + attributes_int['culprit.pool.wait_ms']) AS poolWaitNs,
      toLowCardinality(if(
        attributes['culprit.transaction.id'] != '',
        attributes['culprit.transaction.id'],
        toString(attributes_int['culprit.transaction.id'])
      )) AS transactionId,
      if(
        mapContains(attributes_bool, 'culprit.event_loop.is_cause'),
        toInt8(attributes_bool['culprit.event_loop.is_cause']),
        -1
      ) AS isBlockCause
    FROM spans
    WHERE toStartOfHour(ts) >= toStartOfHour(toDateTime({fromS:UInt32}, 'UTC'))
      AND toStartOfHour(ts) <= toStartOfHour(toDateTime({toS:UInt32}, 'UTC'))
      AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32} + 1, 9, 'UTC')
      AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traceIds:Array(String)})), 16))
    ORDER BY trace_id, ts, span_id, received
    LIMIT 1 BY trace_id, span_id
    LIMIT {spansMax:UInt32}`,
};

export type TraceSpansParameters = {
  /** 32 hex digits each. */
  readonly traceIds: readonly string[];
  /** Starts of spans are in [fromS, toS + 1), whole seconds since 1970. */
  readonly fromS: number;
  readonly toS: number;
  readonly spansMax: number;
};
