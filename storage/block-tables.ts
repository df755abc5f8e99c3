import { logColumns } from "./log-columns.ts";
import { metricColumns } from "./metric-columns.ts";
import { spanColumns } from "./span-columns.ts";

/** A column of a table that is filled by blocks, as it stands in a block of ClickHouse's Native format. */
export interface BlockColumn {
  readonly name: string;
  readonly nativeType: string;
}

/** The tables that are filled by files of Native blocks, each with its columns in the order in which blocks have them. */
export const blockTables = {
  spans: spanColumns,
  logs: logColumns,
  metric_points: metricColumns,
} as const satisfies Record<string, readonly BlockColumn[]>;

export type BlockTable = keyof typeof blockTables;
