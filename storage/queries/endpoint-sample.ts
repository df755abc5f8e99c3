import type { Query } from "../store.ts";

/**
 * A uniform sample of the traces of some endpoints, each of those whose server span started in its own [from, to): the ones with
 * the smallest hashes of the trace id, so the same traces come back while the window stands. The lists are of one length:
 * what stands at one place in each is one endpoint.
 *
 * What is stored is read twice: the traces of each endpoint are counted first, so that of all but twice as many hashes as
 * are wanted nothing has to be kept. To group every trace took a third more CPU, and memory for each of them.
 */
export const endpointSampleQuery: Query = {
  name: "endpoint-sample",
  sql: `
    WITH
      wanted AS (
        SELECT
          arrayJoin(arrayEnumerate({services:Array(String)})) AS place,
          {services:Array(String)}[place] AS of_service,
          {environments:Array(String)}[place] AS of_environment,
          {methods:Array(String)}[place] AS of_method,
          {routes:Array(String)}[place] AS of_route,
          toDateTime64(toUInt32({fromS:Array(String)}[place]), 9, 'UTC') AS of_from,
          toDateTime64(toUInt32({toS:Array(String)}[place]), 9, 'UTC') AS of_to
      ),
      stored AS (
        SELECT place, trace_id, cityHash64(trace_id) AS hash, ts, duration, status_code
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
        ) AS server_spans
        INNER JOIN wanted USING (of_service, of_environment, of_method, of_route)
        WHERE ts >= of_from AND ts < of_to
      )
    SELECT
      toUInt32(place - 1) AS endpoint,
      lower(hex(trace_id)) AS traceId,
      toFloat64(argMin(duration, ts)) AS durationNs,
      argMin(status_code, ts) AS statusCode
    FROM stored
    INNER JOIN (
      SELECT
        place,
        uniqCombined(12)(hash) AS traces,
        2 * {tracesMax:UInt32} AS kept,
        if(traces <= kept, toUInt64(-1), intDiv(toUInt64(-1), traces) * kept) AS hash_max
      FROM stored
      GROUP BY place
    ) AS sampled USING (place)
    WHERE hash <= hash_max
    GROUP BY place, trace_id, hash
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
