import type { Query } from "../store.ts";

/**
 * Traces that settled in (since, until]: no span arrived for `quietMs`, or spans still arrive and the first of them
 * came `settledMaxMs` ago. A span that comes later makes its trace settle once more.
 *
 *   arrivals   x x  x          x
 *              |----quiet--> settled   |--quiet--> settled again
 *
 * Arrivals are looked at from `lookBackMs` before the first that may be the last of such a trace; what arrived earlier is
 * not in the row. Ask with the last row's (settledMs, traceId) as the next (sinceMs, sinceTraceId): one insert gives
 * thousands of traces the same time. An insert under way becomes visible with an older time: ask again from some time
 * before. For `selectNative`.
 */
export const settledTracesQuery: Query = {
  name: "settled-traces",
  sql: toSql({
    where: "1",
    having: "(settledAt, lower(hex(trace_id))) > (since, {sinceTraceId:String})",
    order: "settledAt, traceId",
  }),
};

/**
 * How many arrivals may be the last of a trace that settled in (since, until], and when the first of them was: at least as many as
 * there are such traces, for a twentieth of what asking for these costs.
 */
export const settledCountQuery: Query = {
  name: "settled-count",
  sql: `
    WITH
      fromUnixTimestamp64Milli(greatest(0, {sinceMs:Int64} - {quietMs:UInt32}), 'UTC') AS after,
      fromUnixTimestamp64Milli(greatest(0, {untilMs:Int64} - {quietMs:UInt32}), 'UTC') AS before
    SELECT
      toFloat64(count()) AS arrivals,
      toFloat64(toUnixTimestamp64Milli(min(last))) AS firstMs
    FROM trace_arrivals
    WHERE minute >= toStartOfMinute(after)
      AND minute <= toStartOfMinute(before)
      AND last > after
      AND last <= before
      AND ({workers:UInt32} = 1 OR cityHash64(trace_id) % {workers:UInt32} = {worker:UInt32})`,
};

export type SettledCountParameters = Pick<
  SettledTracesParameters,
  "sinceMs" | "untilMs" | "quietMs" | "worker" | "workers"
>;

export type SettledCountRow = {
  readonly arrivals: number;
  /** Milliseconds since 1970; 0: there are none. */
  readonly firstMs: number;
};

/**
 * Settled traces in order of the trace id, for many: what lies together in `spans` is then read together. Of ids in (sinceTraceId,
 * untilTraceId]: to group all traces for every page of them would cost more with each page.
 */
export const settledTracesByIdQuery: Query = {
  name: "settled-traces-by-id",
  sql: toSql({
    where:
      "trace_id > toFixedString(unhex({sinceTraceId:String}), 16) AND trace_id <= toFixedString(unhex({untilTraceId:String}), 16)",
    having: "settledAt > since",
    order: "trace_id",
  }),
};

/**
 * Only traces whose spans still arrive: they are few, and their first arrival is to be looked for far back. Those that arrived then
 * and arrive now are told first: to group all of that time by trace would take memory for each of them.
 */
export const longTracesQuery: Query = {
  name: "long-traces",
  sql: toSql({
    where: `trace_id IN (
        SELECT trace_id FROM trace_arrivals
        WHERE minute >= toStartOfMinute(addMilliseconds(since, -toInt64({settledMaxMs:UInt32})))
          AND minute <= toStartOfMinute(addMilliseconds(until, -toInt64({settledMaxMs:UInt32})))
          AND trace_id IN (
            SELECT trace_id FROM trace_arrivals
            WHERE minute >= toStartOfMinute(addMilliseconds(until, -toInt64({quietMs:UInt32})))
              AND last > addMilliseconds(until, -toInt64({quietMs:UInt32}))))`,
    having: "quietAt > until AND settledAt > since",
    order: "settledAt, traceId",
  }),
};

interface SettledParts {
  readonly where: string;
  readonly having: string;
  readonly order: string;
}

function toSql({ where, having, order }: SettledParts): string {
  return `
    WITH
      fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC') AS since,
      fromUnixTimestamp64Milli({untilMs:Int64}, 'UTC') AS until,
      fromUnixTimestamp64Milli(greatest(0, {sinceMs:Int64} - {lookBackMs:UInt32} - {quietMs:UInt32}), 'UTC') AS lookedBack,
      addMilliseconds(max(last), {quietMs:UInt32}) AS quietAt,
      if(quietAt <= until, quietAt, addMilliseconds(min(first), {settledMaxMs:UInt32})) AS settledAt
    SELECT
      trace_id AS traceId,
      toUInt32(toUnixTimestamp(min(from))) AS fromS,
      toUInt32(toUnixTimestamp(max(to))) AS toS,
      toFloat64(toUnixTimestamp64Milli(settledAt)) AS settledMs,
      toUInt32(toUnixTimestamp(min(first))) AS arrivedS,
      toUInt8(max(last) >= addMilliseconds(min(first), {quietMs:UInt32})) AS arrivedAgain,
      toFloat64(sum(trace_arrivals.spans)) AS spans,
      toFloat64(sum(trace_arrivals.roots)) AS roots,
      toFloat64(sum(trace_arrivals.repeats)) AS repeats,
      toFloat64(sum(trace_arrivals.failures)) AS failures,
      toFloat64(sum(long_calls_ns)) AS longCallsNs,
      toFloat64(max(longest_call_ns)) AS longestCallNs,
      toFloat64(max(longest_query_ns)) AS longestQueryNs,
      toFloat64(max(longest_other_ns)) AS longestOtherNs,
      toFloat64(max(returned_rows)) AS returnedRows,
      toFloat64(max(response_bytes)) AS responseBytes,
      toFloat64(sum(waits_ns)) AS waitsNs,
      toFloat64(sum(trace_arrivals.transactions)) AS transactions,
      toFloat64(sum(trace_arrivals.blocks)) AS blocks
    FROM trace_arrivals
    WHERE minute >= toStartOfMinute(lookedBack)
      AND minute <= toStartOfMinute(until)
      AND last >= lookedBack
      AND ({workers:UInt32} = 1 OR cityHash64(trace_id) % {workers:UInt32} = {worker:UInt32})
      AND ${where}
    GROUP BY trace_id
    HAVING settledAt <= until
      AND ${having}
    ORDER BY ${order}
    LIMIT {tracesMax:UInt32}`;
}

export type SettledTracesParameters = {
  readonly sinceMs: number;
  /** 32 hex digits; "": none. */
  readonly sinceTraceId: string;
  readonly untilTraceId: string;
  readonly untilMs: number;
  readonly quietMs: number;
  readonly settledMaxMs: number;
  readonly lookBackMs: number;
  readonly tracesMax: number;
  /** Of so many that share the traces by a hash of their id, this one; from 0. One alone: 0 of 1. */
  readonly worker: number;
  readonly workers: number;
};

/** Columns of numbers, beside `traceId` with 16 bytes a row. */
export type SettledColumn =
  /** Whole seconds since 1970, of the first start and the last end of a span. */
  | "fromS"
  | "toS"
  | "settledMs"
  /** When its first spans arrived, whole seconds since 1970; 1: others arrived after a pause in which it settled. */
  | "arrivedS"
  | "arrivedAgain"
  | "spans"
  /** Spans without a parent. */
  | "roots"
  | SettledSign;

/** The columns of the same names in `trace_arrivals`, whose migration tells what they are. */
type SettledSign =
  | "repeats"
  | "failures"
  | "longCallsNs"
  | "longestCallNs"
  | "longestQueryNs"
  | "longestOtherNs"
  | "returnedRows"
  | "responseBytes"
  | "waitsNs"
  | "transactions"
  | "blocks";
