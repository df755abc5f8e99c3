import type { Query } from "../store.ts";

/**
 * Traces with a request to the service, or another root of its, that was under way in one of the windows: the longest first, so many of
 * each window. The lists are of one length. What began more than `lookBackS` before a window is not seen.
 */
export const openRequestsQuery: Query = {
  name: "open-requests",
  sql: `
    SELECT
      lower(hex(trace_id)) AS traceId,
      toUInt32(min(toUnixTimestamp(ts))) AS fromS,
      toUInt32(max(toUnixTimestamp(ts) + intDiv(duration, 1000000000) + 1)) AS toS
    FROM (
      SELECT
        trace_id, ts, duration,
        toInt64(toUnixTimestamp64Nano(ts)) AS start,
        arrayJoin(arrayEnumerate({fromNs:Array(String)})) AS place,
        toInt64({fromNs:Array(String)}[place]) AS window_from,
        toInt64({toNs:Array(String)}[place]) AS window_to
      FROM spans_by_service
      WHERE service = {service:String}
        AND environment = {environment:String}
        AND (kind IN (2, 5) OR is_root = 1)
        AND ts >= toDateTime64({fromS:UInt32} - {lookBackS:UInt32}, 9, 'UTC')
        AND ts < toDateTime64({toS:UInt32} + 1, 9, 'UTC')
    )
    WHERE start < window_to
      AND start + toInt64(duration) > window_from
      AND start > window_from - toInt64({lookBackS:UInt32}) * 1000000000
    GROUP BY trace_id, place
    ORDER BY place, max(duration) DESC, trace_id
    LIMIT {tracesMax:UInt32} BY place
    LIMIT 10000`,
};

export type OpenRequestsParameters = {
  readonly service: string;
  readonly environment: string;
  /** Of each window: nanoseconds since 1970, decimal. */
  readonly fromNs: readonly string[];
  readonly toNs: readonly string[];
  /** What covers all windows, whole seconds since 1970. */
  readonly fromS: number;
  readonly toS: number;
  readonly lookBackS: number;
  /** Of each window. */
  readonly tracesMax: number;
};

export type OpenRequestsRow = {
  readonly traceId: string;
  /** Whole seconds since 1970, of the requests that were looked for. */
  readonly fromS: number;
  readonly toS: number;
};
