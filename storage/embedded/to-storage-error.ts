import { StorageError } from "../store.ts";

/** ClickHouse's error codes: of limits that a query met … */
const limitCodes = new Set([
  158, // TOO_MANY_ROWS
  159, // TIMEOUT_EXCEEDED
  241, // MEMORY_LIMIT_EXCEEDED
  307, // TOO_MANY_BYTES
  396, // TOO_MANY_ROWS_OR_BYTES
]);

/** … and of shortages that pass. */
const shortageCodes = new Set([
  159, // TIMEOUT_EXCEEDED
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  241, // MEMORY_LIMIT_EXCEEDED
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
]);

export function toQueryError(name: string, cause: unknown): StorageError {
  const code = limitCodes.has(toClickHouseCode(cause)) ? "QUERY_LIMIT" : "QUERY_FAILED";
  return new StorageError(code, `query ${name}: ${toMessage(cause)}`, cause);
}

export function toInsertError(target: string, cause: unknown): StorageError {
  const isShortage = shortageCodes.has(toClickHouseCode(cause));
  const code = isShortage ? "STORE_UNAVAILABLE" : "INSERT_FAILED";
  return new StorageError(code, `insert into ${target}: ${toMessage(cause)}`, cause);
}

/** 0: not an error of ClickHouse's. */
function toClickHouseCode(cause: unknown): number {
  if (typeof cause !== "object" || cause === null || !("clickhouseCode" in cause)) return 0;
  return typeof cause.clickhouseCode === "number" ? cause.clickhouseCode : 0;
}

function toMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
