import type { Query } from "../store.ts";

/**
 * What the occurrences of each fingerprint add up to, of its newest detector version, without those that a guard
 * held back. Of traces that started since `sinceMs`. One fault may be seen at several endpoints: the finding is named
 * for the one that loses most time by it.
 */
export const occurrenceTotalsQuery: Query = {
  name: "occurrence-totals",
  sql: `
    WITH
      topKWeighted(21)((http_request_method, http_route), 1 + intDiv(critical_ns, 1000)) AS endpoints
    SELECT
      fingerprint,
      detector_version AS detectorVersion,
      any(detector) AS detector,
      any(service) AS service,
      any(environment) AS environment,
      endpoints[1].1 AS method,
      endpoints[1].2 AS route,
      arrayMap(endpoint -> [toString(endpoint.1), toString(endpoint.2)], arraySlice(endpoints, 2)) AS otherEndpoints,
      count() AS tracesAffected,
      quantileExact(0.5)(repeats) AS repeatsMedian,
      max(repeats) AS repeatsMax,
      toFloat64(toUnixTimestamp64Milli(min(ts))) AS firstSeenMs,
      toFloat64(toUnixTimestamp64Milli(max(ts))) AS lastSeenMs,
      arraySort(groupUniqArray(100)(service_version)) AS serviceVersions,
      groupUniqArray(3)(confidence) AS confidences,
      sum(toFloat64(duration_ns)) AS durationNsSum,
      sum(toFloat64(critical_ns)) AS criticalNsSum,
      sum(toFloat64(endpoint_duration_ns)) AS endpointDurationNsSum,
      argMax(evidence, (seen, trace_id)) AS latestEvidence
    FROM occurrences FINAL
    WHERE fingerprint IN (SELECT toFixedString(arrayJoin({fingerprints:Array(String)}), 32))
      AND ts >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')
      AND suppressed_by = ''
    GROUP BY fingerprint, detector_version
    ORDER BY fingerprint, detector_version DESC
    LIMIT 1 BY fingerprint
    LIMIT {findingsMax:UInt32}`,
};

export type OccurrenceTotalsParameters = {
  readonly fingerprints: readonly string[];
  readonly sinceMs: number;
  readonly findingsMax: number;
};

export type OccurrenceTotalsRow = {
  readonly fingerprint: string;
  readonly detectorVersion: number;
  readonly detector: string;
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
  /** Method and route of each, at most 20, that with most time first. */
  readonly otherEndpoints: readonly (readonly [method: string, route: string])[];
  /** Decimal. */
  readonly tracesAffected: string;
  readonly repeatsMedian: string;
  readonly repeatsMax: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly serviceVersions: readonly string[];
  readonly confidences: readonly string[];
  readonly durationNsSum: number;
  readonly criticalNsSum: number;
  readonly endpointDurationNsSum: number;
  /** JSON, of the occurrence that was examined last. */
  readonly latestEvidence: string;
};
