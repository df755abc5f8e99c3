import type { Query } from "../store.ts";

/**
 * A uniform sample of the traces of some endpoints, each of those whose server span started in its own [from, to): the ones with
 * the smallest hashes of the trace id, so the same traces come back while the window stands. The lists are of one length:
 * what stands at one place in each is one endpoint.
 */
export const endpointSampleQuery: Query = {
  name: "endpoint-sample",
  sql: `
    WITH wanted AS (
      SELECT
        arrayJoin(arrayEnumerate({services:Array(String)})) AS place,
        {services:Array(String)}[place] AS of_service,
        {environments:Array(String)}[place] AS of_environment,
        {methods:Array(String)}[place] AS of_method,
        {routes:Array(String)}[place] AS of_route,
        toDateTime64(toUInt32({fromS:Array(String)}[place]), 9, 'UTC') AS of_from,
        toDateTime64(toUInt32({toS:Array(String)}[place]), 9, 'UTC') AS of_to
    )
    SELECT
      toUInt32(place - 1) AS endpoint,
      lower(hex(trace_id)) AS traceId,
      toFloat64(of_duration) AS durationNs,
      of_status AS statusCode
    FROM (
      SELECT
        place,
        trace_id,
        cityHash64(trace_id) AS hash,
        argMin(duration, ts) AS of_duration,
        argMin(status_code, ts) AS of_status
      FROM (
        SELECT
          toString(service) AS of_service,
          toString(environment) AS of_environment,
          toString(http_request_method) AS of_method,
          toString(http_route) AS of_route,
          trace_id, ts, duration, status_code
        FROM spans_by_service
        WHERE service IN {services:Array(String)}
          AND http_route IN {routes:Array(String)}
          AND kind = 2
          AND ts >= (SELECT min(of_from) FROM wanted)
          AND ts < (SELECT max(of_to) FROM wanted)
      ) AS stored
      INNER JOIN wanted USING (of_service, of_environment, of_method, of_route)
      WHERE ts >= of_from AND ts < of_to
      GROUP BY place, trace_id
    )
    ORDER BY place, hash, traceId
    LIMIT {tracesMax:UInt32} BY place
    LIMIT 100000`,
};

export type EndpointSampleParameters = {
  readonly services: readonly string[];
  readonly environments: readonly string[];
  readonly methods: readonly string[];
  readonly routes: readonly string[];
  /** Decimal, whole seconds since 1970. */
  readonly fromS: readonly string[];
  readonly toS: readonly string[];
  /** Of each endpoint. */
  readonly tracesMax: number;
};

export type EndpointSampleRow = {
  /** Place of the endpoint in the lists, from 0. */
  readonly endpoint: number;
  readonly traceId: string;
  /** Of the endpoint's span (its first, when a trace calls the endpoint more than once). */
  readonly durationNs: number;
  readonly statusCode: number;
};
