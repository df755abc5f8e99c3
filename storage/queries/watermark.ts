import type { Query } from "../store.ts";

/** How far the worker of this name has come. No row: it never ran. */
export const watermarkQuery: Query = {
  name: "watermark",
  sql: `
    SELECT
      name,
      toFloat64(toUnixTimestamp64Milli(at)) AS atMs,
      value
    FROM watermarks
    WHERE name = {name:String}
    ORDER BY at DESC, value DESC
    LIMIT 1`,
};

export type WatermarkParameters = { readonly name: string };

export type WatermarkRow = {
  readonly name: string;
  readonly atMs: number;
  readonly value: string;
};
