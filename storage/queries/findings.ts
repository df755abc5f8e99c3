import type { Query } from "../store.ts";

/** The findings that stand, by rank. Ask for one more than is shown to know whether there are more. */
export const findingsQuery: Query = {
  name: "findings",
  sql: `
    SELECT
      fingerprint,
      toFloat64(toUnixTimestamp64Milli(updated)) AS updatedMs,
      body
    FROM findings FINAL
    WHERE body != ''
    ORDER BY rank DESC, fingerprint
    LIMIT {findingsMax:UInt32}`,
};

export type FindingsParameters = { readonly findingsMax: number };

export type FindingRow = {
  readonly fingerprint: string;
  readonly updatedMs: number;
  /** JSON of a `Finding`. */
  readonly body: string;
};
