/**
 * The endpoints that a query is about, each with borders of its own. The lists are of one length: what stands at one place
 * in each is one endpoint.
 */
export type WantedEndpoints = {
  readonly services: readonly string[];
  readonly environments: readonly string[];
  readonly methods: readonly string[];
  readonly routes: readonly string[];
  /** Decimal, whole seconds since 1970. */
  readonly fromS: readonly string[];
  readonly toS: readonly string[];
};

/** The lists as rows of `wanted`, to be joined by `ofEndpoint`. `from` and `to` are SQL, of the seconds `from_s` and `to_s`. */
export function wantedEndpoints({ from, to }: { from: string; to: string }): string {
  return `wanted AS (
        SELECT
          arrayJoin(arrayEnumerate({services:Array(String)})) AS place,
          {services:Array(String)}[place] AS of_service,
          {environments:Array(String)}[place] AS of_environment,
          {methods:Array(String)}[place] AS of_method,
          {routes:Array(String)}[place] AS of_route,
          toUInt32({fromS:Array(String)}[place]) AS from_s,
          toUInt32({toS:Array(String)}[place]) AS to_s,
          ${from} AS of_from,
          ${to} AS of_to
      )`;
}

/** The columns of `spans_by_service` or `ops_1m` that `wanted` is joined by. */
export const ofEndpoint = `toString(service) AS of_service,
            toString(environment) AS of_environment,
            toString(http_request_method) AS of_method,
            toString(http_route) AS of_route`;

/** Rows of the same two that may be of a wanted endpoint, with their time in `column`: by the tables' keys. */
export function mayBeWanted(column: "ts" | "minute"): string {
  return `service IN {services:Array(String)}
            AND http_route IN {routes:Array(String)}
            AND kind = 2
            AND ${column} >= (SELECT min(of_from) FROM wanted)
            AND ${column} < (SELECT max(of_to) FROM wanted)`;
}
