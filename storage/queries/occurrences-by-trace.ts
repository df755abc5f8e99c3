import type { Query } from "../store.ts";

/** What was found in one trace, by the newest version of each detector, without what a guard held back. */
export const occurrencesByTraceQuery: Query = {
  name: "occurrences-by-trace",
  sql: `
    SELECT
      fingerprint,
      detector,
      span_ids AS spanIds,
      evidence
    FROM occurrences FINAL
    WHERE trace_id = toFixedString({traceId:String}, 32)
      AND suppressed_by = ''
    ORDER BY fingerprint, detector_version DESC
    LIMIT 1 BY fingerprint
    LIMIT {findingsMax:UInt32}`,
};

export type OccurrencesByTraceParameters = {
  readonly traceId: string;
  readonly findingsMax: number;
};

export type OccurrenceByTraceRow = {
  readonly fingerprint: string;
  readonly detector: string;
  readonly spanIds: readonly string[];
  /** JSON. */
  readonly evidence: string;
};
