import type { Query } from "../store.ts";

/** Where in time a trace is, by its id alone. No row: the trace is unknown. */
export const traceBoundsQuery: Query = {
  name: "trace-bounds",
  sql: `
    SELECT
      lower(hex(trace_id)) AS traceId,
      toUInt32(toUnixTimestamp(min(start))) AS fromS,
      toUInt32(toUnixTimestamp(max(end))) AS toS,
      sum(spans) AS spanCount,
      sum(errors) AS errorCount
    FROM traces
    WHERE trace_id = toFixedString(unhex({traceId:String}), 16)
    GROUP BY trace_id
    ORDER BY trace_id
    LIMIT 1`,
};

export type TraceBoundsParameters = { readonly traceId: string };

export type TraceBoundsRow = {
  readonly traceId: string;
  readonly fromS: number;
  readonly toS: number;
  /** Decimal; counts a span twice when a client sent it in two different bodies. */
  readonly spanCount: string;
  readonly errorCount: string;
};
