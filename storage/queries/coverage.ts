import type { Query } from "../store.ts";

/** What is stored: one row. Services are those that sent a span since `sinceS`. */
export const coverageQuery: Query = {
  name: "coverage",
  sql: `
    SELECT
      (SELECT toFloat64(count()) FROM spans) AS spansStored,
      arraySort(groupUniqArray(1000)(service)) AS services
    FROM ops_1m
    WHERE minute >= toDateTime({sinceS:UInt32}, 'UTC')
    ORDER BY spansStored
    LIMIT 1`,
};

export type CoverageParameters = { readonly sinceS: number };

export type CoverageRow = {
  readonly spansStored: number;
  readonly services: readonly string[];
};
