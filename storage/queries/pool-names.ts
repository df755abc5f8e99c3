import type { Query } from "../store.ts";

/**
 * Which connection pools the calls of some traces were made on, as far as their spans say it: agents name the pool on the span,
 * other SDKs don't. Read apart from `trace-spans`, for the few traces of which it matters: one key of a map is as dear as the whole map.
 */
export const poolNamesQuery: Query = {
  name: "pool-names",
  sql: `
    SELECT
      attributes['db.client.connection.pool.name'] AS poolName,
      groupUniqArray(lower(hex(span_id))) AS spanIds
    FROM spans
    WHERE toStartOfHour(ts) >= toStartOfHour(toDateTime({fromS:UInt32}, 'UTC'))
      AND toStartOfHour(ts) <= toStartOfHour(toDateTime({toS:UInt32}, 'UTC'))
      AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32} + 1, 9, 'UTC')
      AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traceIds:Array(String)})), 16))
      AND db_system_name != ''
      AND poolName != ''
    GROUP BY poolName
    ORDER BY poolName
    LIMIT {poolsMax:UInt32}`,
};

export type PoolNamesParameters = {
  /** 32 hex digits each. */
  readonly traceIds: readonly string[];
  /** Starts of spans are in [fromS, toS + 1), whole seconds since 1970. */
  readonly fromS: number;
  readonly toS: number;
  readonly poolsMax: number;
};

export type PoolNamesRow = {
  readonly poolName: string;
  /** 16 hex digits each. */
  readonly spanIds: readonly string[];
};
