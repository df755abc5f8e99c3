import type { BlockTable } from "./block-tables.ts";
import { readNative } from "./native-columns.ts";
import type { Query, QueryParameters, Row, StateTable, Store } from "./store.ts";

/**
 * What a home answers and a channel carries: `Store`, with results still the JSON text that ClickHouse wrote. So a
 * result is parsed once, in the thread that uses it, whatever borders it crosses.
 */
export interface StoreCalls {
  insertBlocks(table: BlockTable, file: string, token: string): Promise<void>;
  insertRows(table: StateTable, rows: readonly Row[]): Promise<void>;
  /** "rows": an array of objects. "columns": one object of arrays. */
  selectText(shape: "rows" | "columns", query: Query, parameters: QueryParameters): Promise<string>;
  /** In ClickHouse's Native format. */
  selectBytes(query: Query, parameters: QueryParameters): Promise<Uint8Array>;
}

/** The port over `calls`. `close` is what closing it means to its owner. */
export function toStore(calls: StoreCalls, close: () => Promise<void>): Store {
  return {
    insertBlocks: (table, file, token) => calls.insertBlocks(table, file, token),
    insertRows: (table, rows) => calls.insertRows(table, rows),
    select: async (query, parameters) =>
      JSON.parse(await calls.selectText("rows", query, parameters)),
    selectColumns: async (query, parameters) =>
      JSON.parse(await calls.selectText("columns", query, parameters)),
    selectNative: async (query, parameters) =>
      readNative(await calls.selectBytes(query, parameters)),
    close,
  };
}
