import type { Query } from "../store.ts";

/**
 * The queries of some services, by shape and hour: those of `shapes` first, then those with most calls. Failed calls, summary spans and
 * calls that are no query are left out. Only the hours in question are read.
 */
export const callHistoryQuery: Query = {
  name: "call-history",
  sql: `
    SELECT
      serviceOf AS service,
      environmentOf AS environment,
      database,
      shapeId,
      hourS,
      calls,
      p50Ns,
      rows,
      serviceVersions
    FROM (
      SELECT
        toString(service) AS serviceOf,
        toString(environment) AS environmentOf,
        concat(db_system_name, ' ', db_namespace) AS database,
        toString(shape_id) AS shapeId,
        toUInt32(toUnixTimestamp(toStartOfHour(ts))) AS hourS,
        toUInt32(count()) AS calls,
        toFloat64(quantileExactWeighted(0.5)(duration, toUInt64(greatest(1, round(weight))))) AS p50Ns,
        if(countIf(returned_rows >= 0) = 0, -1, avgIf(returned_rows, returned_rows >= 0)) AS rows,
        arraySort(groupUniqArray(10)(toString(service_version))) AS serviceVersions
      FROM spans
      WHERE toStartOfHour(ts) IN (SELECT toDateTime(toUInt32(arrayJoin({hoursS:Array(String)})), 'UTC'))
        AND service IN {services:Array(String)}
        AND db_system_name != ''
        AND shape_id != 0
        AND repeats = 1
        AND status_code != 2
      GROUP BY serviceOf, environmentOf, database, shapeId, hourS
    )
    ORDER BY
      shapeId IN {shapes:Array(String)} DESC,
      sum(calls) OVER (PARTITION BY service, environment, database, shapeId) DESC,
      service, environment, database, shapeId, hourS
    LIMIT {rowsMax:UInt32}`,
};

export type CallHistoryParameters = {
  readonly services: readonly string[];
  /** Decimal. */
  readonly shapes: readonly string[];
  /** Starts of hours, whole seconds since 1970, decimal. */
  readonly hoursS: readonly string[];
  readonly rowsMax: number;
};

export type CallHistoryRow = {
  readonly service: string;
  readonly environment: string;
  /** System and namespace. */
  readonly database: string;
  readonly shapeId: string;
  readonly hourS: number;
  /** Stored ones. */
  readonly calls: number;
  /** Weighted by 1 / sampling probability: what a sampler prefers is not what is usual. */
  readonly p50Ns: number;
  /** Mean of those whose rows are known; -1: of none. */
  readonly rows: number;
  /** At most ten. */
  readonly serviceVersions: readonly string[];
};
