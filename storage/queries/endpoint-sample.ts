import type { Query } from "../store.ts";

/**
 * A uniform sample of the traces of an endpoint whose server span started in [from, to): those with the smallest
 * hashes of the trace id, so the same traces come back while the window stands. Weight them by `weight`.
 */
export const endpointSampleQuery: Query = {
  name: "endpoint-sample",
  sql: `
    WITH sample AS (
      SELECT trace_id, ts, duration, weight, status_code
      FROM spans_by_service
      WHERE service = {service:String}
        AND environment = {environment:String}
        AND http_request_method = {method:String}
        AND http_route = {route:String}
        AND kind = 2
        AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
        AND ts < toDateTime64({toS:UInt32}, 9, 'UTC')
      ORDER BY cityHash64(trace_id), trace_id, ts
      LIMIT 1 BY trace_id
      LIMIT {tracesMax:UInt32}
    )
    SELECT
      lower(hex(sample.trace_id)) AS traceId,
      toFloat64(toUnixTimestamp64Milli(any(sample.ts))) AS startMs,
      toFloat64(any(sample.duration)) AS durationNs,
      any(sample.weight) AS weight,
      any(sample.status_code) AS statusCode,
      toUInt32(toUnixTimestamp(min(traces.start))) AS fromS,
      toUInt32(toUnixTimestamp(max(traces.end))) AS toS
    FROM traces
    INNER JOIN sample ON sample.trace_id = traces.trace_id
    WHERE traces.trace_id IN (SELECT trace_id FROM sample)
    GROUP BY sample.trace_id
    ORDER BY cityHash64(sample.trace_id), traceId
    LIMIT {tracesMax:UInt32}`,
};

export type EndpointSampleParameters = {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
  readonly fromS: number;
  readonly toS: number;
  readonly tracesMax: number;
};

export type EndpointSampleRow = {
  readonly traceId: string;
  /** Of the endpoint's span (its first, when a trace calls the endpoint more than once). */
  readonly startMs: number;
  readonly durationNs: number;
  readonly weight: number;
  readonly statusCode: number;
  /** The whole trace's first start and last end, for `trace-spans`. */
  readonly fromS: number;
  readonly toS: number;
};
