import type { BlockTable } from "./block-tables.ts";
import { readNative } from "./native-columns.ts";
import type { Query, QueryParameters, Row, StateTable, Store } from "./store.ts";

/** Bytes of a result, in order. None is large: whoever hands them on does so one by one, and is never held up for long. */
export type Pieces = readonly Uint8Array[];

/** As ClickHouse writes a result. "rows": a JSON array of objects. "native": FORMAT Native. */
export type ResultShape = "rows" | "native";

export const formats: Readonly<Record<ResultShape, string>> = {
  rows: "JSONEachRow",
  native: "Native",
};

/**
 * What a home answers and a channel carries: `Store`, with results still the bytes that ClickHouse wrote. So a
 * result is put together and parsed once, in the thread that uses it, whatever borders it crosses.
 */
export interface StoreCalls {
  insertBlocks(table: BlockTable, file: string, token: string): Promise<void>;
  insertRows(table: StateTable, rows: readonly Row[]): Promise<void>;
  select(shape: ResultShape, query: Query, parameters: QueryParameters): Promise<Pieces>;
}

/** The port over `calls`. `close` is what closing it means to its owner. */
export function toStore(calls: StoreCalls, close: () => Promise<void>): Store {
  return {
    insertBlocks: (table, file, token) => calls.insertBlocks(table, file, token),
    insertRows: (table, rows) => calls.insertRows(table, rows),
    select: async (query, parameters) => toJson(await calls.select("rows", query, parameters)),
    selectNative: async (query, parameters) =>
      readNative(join(await calls.select("native", query, parameters))),
    close,
  };
}

function toJson<Result>(pieces: Pieces): Result {
  return JSON.parse(join(pieces).toString("utf8"));
}

function join(pieces: Pieces): Buffer {
  const [first, ...others] = pieces;
  if (first === undefined || others.length > 0) return Buffer.concat(pieces);
  return Buffer.from(first.buffer, first.byteOffset, first.length);
}
