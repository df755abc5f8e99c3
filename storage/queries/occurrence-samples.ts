import type { Query } from "../store.ts";

/**
 * Up to three occurrences of each fingerprint: those whose endpoint was slowest, in the middle and fastest. One
 * occurrence alone is "slow"; of two, the second is "fast".
 */
export const occurrenceSamplesQuery: Query = {
  name: "occurrence-samples",
  sql: `
    SELECT
      fingerprint,
      trace_id AS traceId,
      multiIf(place = 1, 'slow', place = total, 'fast', 'typical') AS role,
      toFloat64(endpoint_duration_ns) AS durationNs,
      toFloat64(toUnixTimestamp64Milli(ts)) AS startMs,
      span_ids AS spanIds,
      evidence
    FROM (
      SELECT
        *,
        row_number() OVER (PARTITION BY fingerprint ORDER BY endpoint_duration_ns DESC, trace_id) AS place,
        count() OVER (PARTITION BY fingerprint) AS total
      FROM (
        SELECT
          fingerprint, trace_id, endpoint_duration_ns, ts, span_ids, evidence, detector_version,
          max(detector_version) OVER (PARTITION BY fingerprint) AS newest
        FROM occurrences FINAL
        WHERE fingerprint IN (SELECT toFixedString(arrayJoin({fingerprints:Array(String)}), 32))
          AND ts >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')
          AND suppressed_by = ''
      )
      WHERE detector_version = newest
    )
    WHERE place IN (1, intDiv(total + 1, 2), total)
    ORDER BY fingerprint, place
    LIMIT {samplesMax:UInt32}`,
};

export type OccurrenceSamplesParameters = {
  readonly fingerprints: readonly string[];
  readonly sinceMs: number;
  /** Three for each fingerprint. */
  readonly samplesMax: number;
};

export type OccurrenceSampleRow = {
  readonly fingerprint: string;
  readonly traceId: string;
  readonly role: "slow" | "typical" | "fast";
  /** Of the endpoint's span. */
  readonly durationNs: number;
  readonly startMs: number;
  readonly spanIds: readonly string[];
  /** JSON. */
  readonly evidence: string;
};
