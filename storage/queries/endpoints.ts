import type { Query } from "../store.ts";

/** Rate, errors and duration of each endpoint over [from, to), those that take most time first. Whole minutes. */
export const endpointsQuery: Query = {
  name: "endpoints",
  sql: `
    SELECT
      service,
      environment,
      http_request_method AS method,
      http_route AS route,
      round(sum(w)) AS requests,
      round(sumIf(w, status_code = 2)) AS errors,
      round(exp2((quantileExactWeighted(0.5)(bucket, toUInt64(greatest(1, round(w)))) + 0.5) / 8) - 1) AS p50Ns,
      round(exp2((quantileExactWeighted(0.95)(bucket, toUInt64(greatest(1, round(w)))) + 0.5) / 8) - 1) AS p95Ns,
      sum(s) / 1e9 * sum(w) / sum(c) AS totalSeconds
    FROM ops_1m
    WHERE minute >= toStartOfMinute(toDateTime({fromS:UInt32}, 'UTC'))
      AND minute < toDateTime({toS:UInt32}, 'UTC')
      AND kind = 2
      AND http_route != ''
    GROUP BY service, environment, method, route
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
