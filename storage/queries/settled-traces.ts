import type { Query } from "../store.ts";

/**
 * Traces that settled in (since, until]: no span arrived for `quietMs`, or spans still arrive and the first of them
 * came `settledMaxMs` ago. A span that comes later makes its trace settle once more.
 *
 *   arrivals   x x  x          x
 *              |----quiet--> settled   |--quiet--> settled again
 *
 * Ask with the last row's (settledMs, traceId) as the next (sinceMs, sinceTraceId): one insert gives thousands of
 * traces the same time. An insert under way becomes visible with an older time: ask again from some time before.
 */
export const settledTracesQuery: Query = {
  name: "settled-traces",
  sql: toSql({
    where: "1",
    having: "(settledAt, lower(hex(trace_id))) > (since, {sinceTraceId:String})",
    order: "settledAt, lower(hex(trace_id))",
    rowOrder: "settledMs, traceId",
  }),
};

/**
 * The same in order of the trace id, for many: what lies together in `spans` is then read together. Ask with the last
 * row's traceId as the next sinceTraceId, and with the same sinceMs and untilMs.
 */
export const settledTracesByIdQuery: Query = {
  name: "settled-traces-by-id",
  sql: toSql({
    where: "trace_id > toFixedString(unhex({sinceTraceId:String}), 16)",
    having: "settledAt > since",
    order: "trace_id",
    rowOrder: "traceId",
  }),
};

interface SettledParts {
  readonly where: string;
  readonly having: string;
  readonly order: string;
  readonly rowOrder: string;
}

function toSql({ where, having, order, rowOrder }: SettledParts): string {
  return `
    WITH
      fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC') AS since,
      fromUnixTimestamp64Milli({untilMs:Int64}, 'UTC') AS until,
      settled AS (
        SELECT
          trace_id,
          toUnixTimestamp(min(from)) AS arrivedFromS,
          toUnixTimestamp(max(to)) AS arrivedToS,
          min(first) AS firstArrival,
          max(last) AS lastArrival,
          addMilliseconds(lastArrival, {quietMs:UInt32}) AS quietAt,
          if(quietAt <= until, quietAt, addMilliseconds(firstArrival, {settledMaxMs:UInt32})) AS settledAt
        FROM trace_arrivals
        WHERE minute >= toStartOfMinute(fromUnixTimestamp64Milli(
          greatest(0, {sinceMs:Int64} - {settledMaxMs:UInt32} - {quietMs:UInt32}), 'UTC'))
          AND minute <= toStartOfMinute(until)
          AND cityHash64(trace_id) % {workers:UInt32} = {worker:UInt32}
          AND ${where}
        GROUP BY trace_id
        HAVING settledAt <= until
          AND ${having}
        ORDER BY ${order}
        LIMIT {tracesMax:UInt32}
      ),
      bounds AS (
        SELECT
          trace_id,
          toUnixTimestamp(min(start)) AS traceFromS,
          toUnixTimestamp(max(end)) AS traceToS
        FROM traces
        WHERE trace_id IN (SELECT trace_id FROM settled)
        GROUP BY trace_id
      )
    SELECT
      lower(hex(settled.trace_id)) AS traceId,
      toUInt32(if(traceFromS = 0, arrivedFromS, least(arrivedFromS, traceFromS))) AS fromS,
      toUInt32(greatest(arrivedToS, traceToS)) AS toS,
      toUInt8(lastArrival >= addMilliseconds(firstArrival, {quietMs:UInt32})
        OR firstArrival >= addMilliseconds(toDateTime64(fromS, 3, 'UTC'), {settledMaxMs:UInt32})) AS mayBeAgain,
      toFloat64(toUnixTimestamp64Milli(settledAt)) AS settledMs
    FROM settled
    LEFT JOIN bounds ON bounds.trace_id = settled.trace_id
    ORDER BY ${rowOrder}
    LIMIT {tracesMax:UInt32}`;
}

export type SettledTracesParameters = {
  readonly sinceMs: number;
  /** "": none. */
  readonly sinceTraceId: string;
  readonly untilMs: number;
  readonly quietMs: number;
  readonly settledMaxMs: number;
  readonly tracesMax: number;
  /** Of so many that share the traces by a hash of their id, this one; from 0. One alone: 0 of 1. */
  readonly worker: number;
  readonly workers: number;
};

export type SettledTraceRow = {
  readonly traceId: string;
  /** Whole seconds since 1970, of the trace's first start and last end: all of its spans, not only the late ones. */
  readonly fromS: number;
  readonly toS: number;
  /** 1: it may have settled before, with less spans. Of one that first came long after it happened nobody knows. */
  readonly mayBeAgain: 0 | 1;
  readonly settledMs: number;
};
