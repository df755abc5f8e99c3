import type { Query } from "../store.ts";

/** Who calls whom over [from, to), whole minutes: the edges of the service map, those that take most time first. */
export const serviceEdgesQuery: Query = {
  name: "service-edges",
  sql: `
    SELECT
      source,
      destination,
      environment,
      kind,
      round(sum(n)) AS calls,
      round(sum(n) * sum(e) / sum(c)) AS errors,
      sum(s) / 1e9 * sum(w) / sum(c) AS totalSeconds
    FROM edges_1m
    WHERE minute >= toStartOfMinute(toDateTime({fromS:UInt32}, 'UTC'))
      AND minute < toDateTime({toS:UInt32}, 'UTC')
    GROUP BY source, destination, environment, kind
    ORDER BY totalSeconds DESC, source, destination, environment, kind
    LIMIT {edgesMax:UInt32}`,
};

export type ServiceEdgesParameters = {
  readonly fromS: number;
  readonly toS: number;
  readonly edgesMax: number;
};

export type ServiceEdgeRow = {
  /** The service that calls. */
  readonly source: string;
  /** A service where the caller names it (`peer.service`), else a database system, a queue or a host. */
  readonly destination: string;
  readonly environment: string;
  /** 3 client, 4 producer. */
  readonly kind: number;
  /** Weighted by 1 / sampling probability, like all below; a summary span counts for all its calls. */
  readonly calls: number;
  readonly errors: number;
  readonly totalSeconds: number;
};
