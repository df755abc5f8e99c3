import { ClickHouseError } from "@clickhouse/client";
import { StorageError } from "./store.ts";

/** ClickHouse's error codes: of limits that a query met … */
const limitCodes = new Set([
  158, // TOO_MANY_ROWS
  159, // TIMEOUT_EXCEEDED
  241, // MEMORY_LIMIT_EXCEEDED
  307, // TOO_MANY_BYTES
  396, // TOO_MANY_ROWS_OR_BYTES
]);

/** … of shortages that pass … */
const shortageCodes = new Set([
  159, // TIMEOUT_EXCEEDED
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  241, // MEMORY_LIMIT_EXCEEDED
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  319, // UNKNOWN_STATUS_OF_INSERT
]);

/** … and of a server that can't serve now, or does not let us in: another may, and this one later. */
const serverCodes = new Set([
  192, // UNKNOWN_USER
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED
  242, // TABLE_IS_READ_ONLY
  279, // ALL_CONNECTION_TRIES_FAILED
  516, // AUTHENTICATION_FAILED
  999, // KEEPER_EXCEPTION
]);

export function toQueryError(name: string, cause: unknown): StorageError {
  const number = toClickHouseCode(cause);
  const code = limitCodes.has(number)
    ? "QUERY_LIMIT"
    : serverCodes.has(number)
      ? "STORE_UNAVAILABLE"
      : "QUERY_FAILED";
  return new StorageError(code, `query ${name}: ${toMessage(cause)}`, cause);
}

export function toInsertError(target: string, cause: unknown): StorageError {
  const number = toClickHouseCode(cause);
  const passes = shortageCodes.has(number) || serverCodes.has(number);
  const code = passes ? "STORE_UNAVAILABLE" : "INSERT_FAILED";
  return new StorageError(code, `insert into ${target}: ${toMessage(cause)}`, cause);
}

/** A server said this of itself, not of the statement. */
export function isServerError(cause: unknown): boolean {
  return serverCodes.has(toClickHouseCode(cause));
}

/** As chDB has it on its errors, or the client on those that came over HTTP. 0: not an error of ClickHouse's. */
function toClickHouseCode(cause: unknown): number {
  if (typeof cause !== "object" || cause === null) return 0;
  if ("clickhouseCode" in cause && typeof cause.clickhouseCode === "number")
    return cause.clickhouseCode;
  if (cause instanceof ClickHouseError) return Number(cause.code);
  return 0;
}

function toMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
