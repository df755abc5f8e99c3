export interface RepeatCandidates {
  /** Which spans count: a condition over columns of `spans`, of ours and never text from outside. */
  readonly calls: string;
  /** What equal calls have in common, beside trace, service and shape. */
  readonly by?: string;
}

/**
 * The `candidates` of a detector of repeats: SQL for the traces in which a service makes one call at least
 * `{repeatsMin:UInt32}` times. The rule itself knows more (parents, endpoints); this only leaves out the traces in which
 * nothing repeats.
 */
export function repeatCandidates({ calls, by }: RepeatCandidates): string {
  return `
    SELECT lower(hex(trace_id)) AS trace_id
    FROM spans
    WHERE toStartOfHour(ts) >= toStartOfHour({from:DateTime}, 'UTC')
      AND toStartOfHour(ts) <= toStartOfHour({to:DateTime}, 'UTC')
      AND spans.trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16))
      AND shape_id != 0
      AND (${calls})
    GROUP BY ${["spans.trace_id", "service", "shape_id", ...(by ? [by] : [])].join(", ")}
    HAVING sum(repeats) >= {repeatsMin:UInt32}
    ORDER BY trace_id
    LIMIT 1 BY trace_id
    LIMIT {candidatesMax:UInt32}`;
}
