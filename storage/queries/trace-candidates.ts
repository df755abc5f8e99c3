import type { Query } from "../store.ts";

/**
 * A condition over the spans of one trace that are of one service and one shape (`shape_id` 0: those that call nobody):
 * SQL over aggregates of columns of `spans`, of ours and never text from outside.
 */
interface CandidateCondition {
  readonly sql: string;
  /** Groups of spans in the trace for which it must hold (a number counts for so many); 1 unless told. */
  readonly groupsMin?: number;
}

/**
 * Which of the wanted traces are worth a closer look, and for whom: one scan for all that look for something, each with
 * its list of conditions that must hold for a trace. The rows of a trace lie together within their hour, so groups are
 * small and end soon. Traces that nobody wants are left out.
 */
export function traceCandidatesQuery(seekers: readonly (readonly CandidateCondition[])[]): Query {
  const name = (seeker: number, condition: number) => `c${seeker}_${condition}`;
  const groups = seekers.flatMap((conditions, i) =>
    conditions.map(({ sql }, j) => `(${sql}) AS ${name(i, j)}`),
  );
  const wanted = seekers.map((conditions, i) =>
    conditions.map(({ groupsMin = 1 }, j) => `sum(${name(i, j)}) >= ${groupsMin}`).join(" AND "),
  );
  return {
    name: "trace-candidates",
    sql: `
      SELECT lower(hex(trace_id)) AS traceId, [${wanted.join(", ")}] AS isWanted
      FROM (
        SELECT trace_id, service, shape_id, ${groups.join(", ")}
        FROM spans
        WHERE toStartOfHour(ts) >= toStartOfHour(toDateTime({fromS:UInt32}, 'UTC'))
          AND toStartOfHour(ts) <= toStartOfHour(toDateTime({toS:UInt32}, 'UTC'))
          AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traceIds:Array(String)})), 16))
        GROUP BY trace_id, service, shape_id
      )
      GROUP BY trace_id
      HAVING has(isWanted, 1)
      ORDER BY traceId
      LIMIT {tracesMax:UInt32}`,
  };
}

/** And the parameters that the conditions name. */
export type TraceCandidatesParameters = {
  /** 32 hex digits each. */
  readonly traceIds: readonly string[];
  /** Spans are looked for in the hours of both and between, seconds since 1970. */
  readonly fromS: number;
  readonly toS: number;
  readonly tracesMax: number;
};

export type TraceCandidateRow = {
  readonly traceId: string;
  /** 1 or 0, in the order of the seekers. */
  readonly isWanted: readonly number[];
};
