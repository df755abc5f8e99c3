import type { Query } from "../store.ts";

/** Findings that analyzers saw in traces since `sinceMs`, each once, those that were seen last in the end. */
export const touchedFindingsQuery: Query = {
  name: "touched-findings",
  sql: `
    SELECT
      fingerprint,
      detector,
      toFloat64(toUnixTimestamp64Milli(min(at))) AS firstMs,
      toFloat64(toUnixTimestamp64Milli(max(at))) AS lastMs
    FROM touched_findings
    WHERE at >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')
    GROUP BY fingerprint, detector
    ORDER BY lastMs, fingerprint
    LIMIT {findingsMax:UInt32}`,
};

export type TouchedFindingsParameters = {
  readonly sinceMs: number;
  readonly findingsMax: number;
};

export type TouchedFindingRow = {
  readonly fingerprint: string;
  readonly detector: string;
  readonly firstMs: number;
  readonly lastMs: number;
};
