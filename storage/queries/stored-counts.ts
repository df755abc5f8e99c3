import type { Query } from "../store.ts";

/** The sums that must agree, whatever was killed: one row. */
export const storedCountsQuery: Query = {
  name: "stored-counts",
  sql: `
    SELECT
      (SELECT toFloat64(count()) FROM spans) AS spans,
      (SELECT toFloat64(sum(c)) FROM ops_1m) AS opsSpans,
      (SELECT toFloat64(sum(traces.spans)) FROM traces) AS traceSpans,
      (SELECT toFloat64(uniqExact(trace_id)) FROM spans) AS traceIds,
      (SELECT toFloat64(uniqExact(trace_id)) FROM traces) AS tracesTraceIds,
      (SELECT toFloat64(uniqExact(trace_id)) FROM trace_arrivals) AS arrivalsTraceIds
    ORDER BY spans
    LIMIT 1`,
};

/** spans = opsSpans = traceSpans and traceIds = tracesTraceIds, within the shortest retention; arrivals within two days. */
export type StoredCountsRow = {
  readonly spans: number;
  readonly opsSpans: number;
  readonly traceSpans: number;
  readonly traceIds: number;
  readonly tracesTraceIds: number;
  readonly arrivalsTraceIds: number;
};
