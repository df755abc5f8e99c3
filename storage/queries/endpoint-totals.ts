import type { Query } from "../store.ts";
import { mayBeWanted, ofEndpoint, wantedEndpoints } from "./wanted-endpoints.ts";

const wanted = wantedEndpoints({
  from: "toStartOfMinute(toDateTime(from_s, 'UTC'))",
  to: "toDateTime(to_s, 'UTC')",
});

/**
 * Requests of some endpoints, each over its own [from, to) in whole minutes, by version of the service.
 */
export const endpointTotalsQuery: Query = {
  name: "endpoint-totals",
  sql: `
    WITH ${wanted}
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
        ${ofEndpoint},
        service_version, minute, c, w, s
      FROM ops_1m
      WHERE ${mayBeWanted("minute")}
    ) AS stored
    INNER JOIN wanted USING (of_service, of_environment, of_method, of_route)
    WHERE minute >= of_from AND minute < of_to
    GROUP BY place, service_version
    ORDER BY place, toS DESC, service_version
    LIMIT 100 BY place
    LIMIT 100000`,
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
