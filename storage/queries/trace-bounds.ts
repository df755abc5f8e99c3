import type { Query } from "../store.ts";

/**
 * Where in time a trace is, by its id alone: a row for each insert of its spans that is not merged yet, which `coverBounds` puts
 * together, because an aggregation costs ClickHouse half of what finding them does. No row: the trace is unknown. In no promised
 * order; a table has fewer parts than the limit, so none is left out.
 */
export const traceBoundsQuery: Query = {
  name: "trace-bounds",
  sql: `
    SELECT toUInt32(start) AS fromS, toUInt32(end) AS toS
    FROM traces
    WHERE trace_id = toFixedString(unhex({traceId:String}), 16)
    LIMIT 100000`,
};

export type TraceBoundsParameters = { readonly traceId: string };

/** Whole seconds since 1970, both included. */
export type TraceBoundsRow = {
  readonly fromS: number;
  readonly toS: number;
};

/** What covers all of them; null: there are none. */
export function coverBounds(rows: readonly TraceBoundsRow[]): TraceBoundsRow | null {
  return rows.reduce<TraceBoundsRow | null>(
    (all, { fromS, toS }) => ({
      fromS: Math.min(all?.fromS ?? fromS, fromS),
      toS: Math.max(all?.toS ?? toS, toS),
    }),
    null,
  );
}
