import type { Query } from "../store.ts";

/**
 * Rate, errors and duration of each endpoint over [from, to), those that take most time first. Whole minutes.
 *
 * Grouped by eight bytes, as `ops_1m_view` is: a hash of one text is computed for each distinct text of a block, where four
 * texts as keys are a quarter of the query. Two endpoints are taken for one where the sums are equal, one in 2^64.
 */
export const endpointsQuery: Query = {
  name: "endpoints",
  sql: `
    WITH quantilesExactWeighted(0.5, 0.95)(bucket, toUInt64(greatest(1, round(w)))) AS buckets
    SELECT
      any(ops_1m.service) AS service,
      any(ops_1m.environment) AS environment,
      any(http_request_method) AS method,
      any(http_route) AS route,
      round(sum(w)) AS requests,
      round(sumIf(w, status_code = 2)) AS errors,
      round(exp2((buckets[1] + 0.5) / 8) - 1) AS p50Ns,
      round(exp2((buckets[2] + 0.5) / 8) - 1) AS p95Ns,
      sum(s) / 1e9 * sum(w) / sum(c) AS totalSeconds
    FROM ops_1m
    WHERE minute >= toStartOfMinute(toDateTime({fromS:UInt32}, 'UTC'))
      AND minute < toDateTime({toS:UInt32}, 'UTC')
      AND kind = 2
      AND http_route != ''
    GROUP BY
      sipHash64(ops_1m.service) + 3 * sipHash64(ops_1m.environment)
        + 5 * sipHash64(http_request_method) + 7 * sipHash64(http_route)
    ORDER BY totalSeconds DESC, service, environment, method, route
    LIMIT {endpointsMax:UInt32}`,
};

export type EndpointsParameters = {
  readonly fromS: number;
  readonly toS: number;
  readonly endpointsMax: number;
};

export type EndpointMetricsRow = {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
  /** Weighted by 1 / sampling probability, like all below. */
  readonly requests: number;
  readonly errors: number;
  /** Within 4.4 %: the middle of the histogram's bucket. */
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly totalSeconds: number;
};
