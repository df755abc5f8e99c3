import type { Query } from "../store.ts";

/** What was found in one trace, by the newest version of each detector, and behind it what guards held back. */
export const occurrencesByTraceQuery: Query = {
  name: "occurrences-by-trace",
  sql: `
    SELECT
      fingerprint,
      detector,
      suppressed_by AS guard,
      span_ids AS spanIds,
      evidence
    FROM occurrences FINAL
    WHERE trace_id = toFixedString({traceId:String}, 32)
      AND (detector, detector_version) IN (
        SELECT detector, max(detector_version)
        FROM occurrences
        WHERE trace_id = toFixedString({traceId:String}, 32)
        GROUP BY detector
      )
    ORDER BY guard != '', fingerprint
    LIMIT {findingsMax:UInt32}`,
};

export type OccurrencesByTraceParameters = {
  readonly traceId: string;
  readonly findingsMax: number;
};

export type OccurrenceByTraceRow = {
  readonly fingerprint: string;
  readonly detector: string;
  /** The guard that held it back, e.g. "different-namespaces"; "": it is reported. */
  readonly guard: string;
  readonly spanIds: readonly string[];
  /** JSON. */
  readonly evidence: string;
};
