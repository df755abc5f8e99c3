import type { Query } from "../store.ts";

/** Some findings by their fingerprints, as `FindingRow`, in order of fingerprint. Unknown ones, and those that were taken back, are left out. */
export const findingsByIdQuery: Query = {
  name: "findings-by-id",
  sql: `
    SELECT
      fingerprint,
      toFloat64(toUnixTimestamp64Milli(updated)) AS updatedMs,
      body
    FROM findings FINAL
    WHERE fingerprint IN (SELECT toFixedString(arrayJoin({fingerprints:Array(String)}), 32))
      AND body != ''
    ORDER BY fingerprint
    LIMIT 1000`,
};

export type FindingsByIdParameters = {
  /** At most 1000. */
  readonly fingerprints: readonly string[];
};
