import type { Query } from "../store.ts";

/**
 * Requests of some endpoints, each over its own [from, to) in whole minutes, by version of the service. The lists are
 * of one length: what stands at one place in each is one endpoint.
 */
export const endpointTotalsQuery: Query = {
  name: "endpoint-totals",
  sql: `
    WITH wanted AS (
      SELECT
        arrayJoin(arrayEnumerate({services:Array(String)})) AS place,
        {services:Array(String)}[place] AS of_service,
        {environments:Array(String)}[place] AS of_environment,
        {methods:Array(String)}[place] AS of_method,
        {routes:Array(String)}[place] AS of_route,
        toStartOfMinute(toDateTime(toUInt32({fromS:Array(String)}[place]), 'UTC')) AS of_from,
        toDateTime(toUInt32({toS:Array(String)}[place]), 'UTC') AS of_to
    )
    SELECT
      toUInt32(place - 1) AS endpoint,
      toString(service_version) AS serviceVersion,
      toFloat64(sum(c)) AS requestsStored,
      sum(w) AS requests,
      sum(s) / 1e9 * sum(w) / sum(c) AS totalSeconds,
      toUInt32(toUnixTimestamp(min(minute))) AS fromS,
      toUInt32(toUnixTimestamp(max(minute)) + 60) AS toS
    FROM (
      SELECT
        toString(service) AS of_service,
        toString(environment) AS of_environment,
        toString(http_request_method) AS of_method,
        toString(http_route) AS of_route,
        service_version, minute, c, w, s
      FROM ops_1m
      WHERE service IN {services:Array(String)}
        AND http_route IN {routes:Array(String)}
        AND kind = 2
        AND minute >= (SELECT min(of_from) FROM wanted)
        AND minute < (SELECT max(of_to) FROM wanted)
    ) AS stored
    INNER JOIN wanted USING (of_service, of_environment, of_method, of_route)
    WHERE minute >= of_from AND minute < of_to
    GROUP BY place, service_version
    ORDER BY place, toS DESC, service_version
    LIMIT 100 BY place
    LIMIT 100000`,
};

export type EndpointTotalsParameters = {
  readonly services: readonly string[];
  readonly environments: readonly string[];
  readonly methods: readonly string[];
  readonly routes: readonly string[];
  /** Decimal, whole seconds since 1970. */
  readonly fromS: readonly string[];
  readonly toS: readonly string[];
};

export type PlacedEndpointTotalsRow = EndpointTotalsRow & {
  /** Place of the endpoint in the lists, from 0. */
  readonly endpoint: number;
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
