import type { Query } from "../store.ts";

/** What stands of earlier examinations of these traces; what a later one took back stands no more. */
export const occurrencesOfTracesQuery: Query = {
  name: "occurrences-of-traces",
  sql: `
    SELECT
      fingerprint,
      trace_id AS traceId,
      detector,
      detector_version AS detectorVersion,
      toFloat64(toUnixTimestamp64Milli(ts)) AS tsMs,
      suppressed_by AS guard,
      span_ids AS spanIds,
      evidence
    FROM occurrences FINAL
    WHERE trace_id IN (SELECT toFixedString(arrayJoin({traceIds:Array(String)}), 32))
      AND suppressed_by NOT IN {takenBack:Array(String)}
    ORDER BY trace_id, fingerprint, detector_version
    LIMIT {occurrencesMax:UInt32}`,
};

export type OccurrencesOfTracesParameters = {
  readonly traceIds: readonly string[];
  /** The guards' names under which an occurrence is taken back. */
  readonly takenBack: readonly string[];
  readonly occurrencesMax: number;
};

export type OccurrenceOfTraceRow = {
  readonly fingerprint: string;
  readonly traceId: string;
  readonly detector: string;
  readonly detectorVersion: number;
  /** Start of the trace. */
  readonly tsMs: number;
  /** The guard that held it back; "": it is reported. */
  readonly guard: string;
  readonly spanIds: readonly string[];
  /** JSON. */
  readonly evidence: string;
};
