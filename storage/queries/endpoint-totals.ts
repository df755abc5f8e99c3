import type { Query } from "../store.ts";

/** Requests of one endpoint over [from, to), whole minutes, by version of the service. */
export const endpointTotalsQuery: Query = {
  name: "endpoint-totals",
  sql: `
    SELECT
      service_version AS serviceVersion,
      toFloat64(sum(c)) AS requestsStored,
      sum(w) AS requests,
      sum(s) / 1e9 * sum(w) / sum(c) AS totalSeconds,
      toUInt32(toUnixTimestamp(min(minute))) AS fromS,
      toUInt32(toUnixTimestamp(max(minute)) + 60) AS toS
    FROM ops_1m
    WHERE service = {service:String}
      AND environment = {environment:String}
      AND http_request_method = {method:String}
      AND http_route = {route:String}
      AND kind = 2
      AND minute >= toStartOfMinute(toDateTime({fromS:UInt32}, 'UTC'))
      AND minute < toDateTime({toS:UInt32}, 'UTC')
    GROUP BY service_version
    ORDER BY toS DESC, service_version
    LIMIT 100`,
};

export type EndpointTotalsParameters = {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
  readonly fromS: number;
  readonly toS: number;
};

export type EndpointTotalsRow = {
  readonly serviceVersion: string;
  /** Server spans that are stored. */
  readonly requestsStored: number;
  /** Σ weight: requests, had all been sampled. */
  readonly requests: number;
  readonly totalSeconds: number;
  /** The minutes in which there were any: [fromS, toS). */
  readonly fromS: number;
  readonly toS: number;
};
