import type { Query } from "../store.ts";

/** Where in time some traces are, all of their spans, in order of trace id. Unknown traces are left out. */
export const tracesBoundsQuery: Query = {
  name: "traces-bounds",
  sql: `
    SELECT
      lower(hex(trace_id)) AS traceId,
      toUInt32(toUnixTimestamp(min(start))) AS fromS,
      toUInt32(toUnixTimestamp(max(end))) AS toS,
      toFloat64(sum(traces.spans)) AS spans
    FROM traces
    WHERE trace_id IN (SELECT toFixedString(unhex(arrayJoin(splitByChar(' ', {traceIds:String}))), 16))
    GROUP BY trace_id
    ORDER BY trace_id
    LIMIT 100000`,
};

export type TracesBoundsParameters = {
  /** 32 hex digits each, at most 100,000, with blanks between: as a list ClickHouse takes twice as long to read them. */
  readonly traceIds: string;
};

export type TracesBoundsRow = {
  readonly traceId: string;
  readonly fromS: number;
  readonly toS: number;
  /** Counts a span twice when a client sent it in two different bodies. */
  readonly spans: number;
};
