import type { BlockTable } from "./block-tables.ts";
import type { NativeColumns } from "./native-columns.ts";

/**
 * The port to ClickHouse: everything that the product asks of its storage. Two homes answer it, `embedded/`
 * and `cluster/`; a worker reaches it through `remote.ts`. Arguments and results are plain data, so that they
 * cross a process border.
 *
 * Order: calls of one caller may run side by side; whoever needs an order awaits. Nothing found is an empty array.
 * Every method rejects with a `StorageError`; `STORE_UNAVAILABLE` may be tried again, any other code may not.
 */
export interface Store {
  /**
   * Inserts a file of Native blocks with the table's columns. Exactly once for equal `token`: a second call with the same
   * token and the same bytes changes neither the table nor any that a view fills from it, also after a kill half-way.
   * The file stays the caller's; it is read, not removed.
   */
  insertBlocks(table: BlockTable, file: string, token: string): Promise<void>;

  /**
   * Appends rows to one of our state tables (findings, occurrences …). Keys are column names; times are whole
   * milliseconds since 1970. At least once.
   */
  insertRows(table: StateTable, rows: readonly Row[]): Promise<void>;

  /**
   * Runs a query that we wrote (never text from outside) with bound parameters, `{name:Type}` in its SQL.
   * UInt64 and Int64 come as strings, other numbers as numbers. Limits of time, memory and rows are the store's.
   */
  select<R>(query: Query, parameters: QueryParameters): Promise<R[]>;

  /** As `select`, column by column, in the engine's own form, in which a text that repeats comes once. For many rows. */
  selectNative(query: Query, parameters: QueryParameters): Promise<NativeColumns>;

  /** Ends sessions and processes. Calls under way reject. */
  close(): Promise<void>;
}

/** A SELECT of ours. `name` is its file's name: it tags the query in ClickHouse (`log_comment`). */
export interface Query {
  readonly name: string;
  readonly sql: string;
}

export type QueryParameters = Readonly<Record<string, string | number | readonly string[]>>;

export type Row = Readonly<Record<string, string | number | readonly string[] | null>>;

export type StateTable =
  | "occurrences"
  | "findings"
  | "finding_events"
  | "deliveries"
  | "learned_orders"
  | "touched_findings"
  | "watermarks";

/** Each code is documented in ARCHITECTURE.md, stable and searchable. */
export type StorageErrorCode =
  | "STORE_UNAVAILABLE"
  | "QUERY_FAILED"
  | "QUERY_LIMIT"
  | "INSERT_FAILED";

export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
