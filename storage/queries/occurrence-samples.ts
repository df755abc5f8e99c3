import type { Query } from "../store.ts";

/**
 * Up to three occurrences of each fingerprint, of its newest detector version: those whose endpoint was slowest, in the middle
 * (of at most 1,000) and fastest. One occurrence alone is "slow"; of two, the second is "fast". Which they are is found in
 * narrow columns, so that the evidence of three is read and not that of all.
 */
export const occurrenceSamplesQuery: Query = {
  name: "occurrence-samples",
  sql: `
    WITH
      (-toInt64(endpoint_duration_ns), trace_id) AS slowest_first,
      arraySort(groupArraySample(1000, 1)(slowest_first)) AS some
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
        fingerprint, trace_id, endpoint_duration_ns, ts, span_ids, evidence,
        row_number() OVER (PARTITION BY fingerprint ORDER BY endpoint_duration_ns DESC, trace_id) AS place,
        count() OVER (PARTITION BY fingerprint) AS total
      FROM occurrences FINAL
      WHERE (fingerprint, detector_version, trace_id) IN (
        SELECT
          fingerprint,
          detector_version,
          arrayJoin([
            min(slowest_first).2,
            some[intDiv(length(some) + 1, 2)].2,
            max(slowest_first).2
          ])
        FROM occurrences FINAL
        WHERE fingerprint IN (SELECT toFixedString(arrayJoin({fingerprints:Array(String)}), 32))
          AND ts >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')
          AND suppressed_by = ''
        GROUP BY fingerprint, detector_version
        ORDER BY fingerprint, detector_version DESC
        LIMIT 3 BY fingerprint
      )
    )
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
