import type { Query } from "../store.ts";
import {
  mayBeWanted,
  ofEndpoint,
  type WantedEndpoints,
  wantedEndpoints,
} from "./wanted-endpoints.ts";

const wanted = wantedEndpoints({
  from: "toDateTime64(from_s, 9, 'UTC')",
  to: "toDateTime64(to_s, 9, 'UTC')",
});

/**
 * A uniform sample of the traces of some endpoints, each of those whose server span started in its own [from, to): the ones with
 * the smallest hashes of the trace id, so the same traces come back while the window stands.
 *
 * What is stored is read twice: the traces of each endpoint are counted first, so that of all but twice as many hashes as
 * are wanted nothing has to be kept. To group every trace took a third more CPU, and memory for each of them.
 */
export const endpointSampleQuery: Query = {
  name: "endpoint-sample",
  sql: `
    WITH
      ${wanted},
      stored AS (
        SELECT place, trace_id, cityHash64(trace_id) AS hash, ts, duration, status_code
        FROM (
          SELECT
            ${ofEndpoint},
            trace_id, ts, duration, status_code
          FROM spans_by_service
          WHERE ${mayBeWanted("ts")}
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

export type EndpointSampleParameters = WantedEndpoints & {
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
