import { toStatement } from "../evidence/known-statements.ts";
import type { DatabaseOptions } from "./database-call.ts";
import type { Guard } from "./guard.ts";
import { type PgCall, startPgCall } from "./pg-call.ts";
import type { PgClient } from "./pg-classes.ts";
import type { Method } from "./wrap-method.ts";

/** Of which there is no hash. */
const noList = {};

/** The parts of pg-cursor that are read or wrapped. */
export interface PgCursor {
  readonly text?: unknown;
  readonly values?: unknown;
  /** Asks for rows, and calls back with them. */
  _getRows: Method;
}

/** What `client.query` is given: a cursor, or a stream of pg-query-stream, which has one. */
export function cursorOf(query: unknown): PgCursor | undefined {
  if (typeof query !== "object" || query === null) return undefined;
  const { cursor = query } = query as { readonly cursor?: unknown };
  return typeof (cursor as PgCursor)?._getRows === "function" ? (cursor as PgCursor) : undefined;
}

/** A cursor's first batch, or a later one. */
interface CursorCall extends PgCall {
  readonly client: PgClient;
  readonly values: unknown;
}

/**
 * One span for each batch of rows, for in between the application works with them:
 *
 *   client.query(new Cursor(sql)) ─ read ─▶ SELECT items … rows │ the application │ read ─▶ FETCH items … rows
 *   └ the context of all of them
 */
export function followCursor(
  cursor: PgCursor,
  { options, guard, first }: { options: DatabaseOptions; guard: Guard; first: CursorCall },
): void {
  const original = cursor._getRows;
  const { contexts } = options.tracing;
  const store = contexts.storage.getStore();
  let next = first;
  cursor._getRows = function (rows, callback) {
    const start = () => startPgCall(options, next, next.client, next.values);
    // A batch that had to wait for the connection is asked for in a turn of the connection's.
    const call = guard.isActive
      ? guard.attempt(() => contexts.storage.run(store, start))
      : undefined;
    if (call === undefined || typeof callback !== "function") {
      return Reflect.apply(original, this, [rows, callback]);
    }
    next = toFetch(first);
    const onRows: Method = function (...results) {
      guard.attempt(() => {
        const [error, batch] = results;
        if (error) call.fail(error);
        else call.succeed(Array.isArray(batch) ? batch.length : undefined, 0);
      });
      return contexts.call(store, callback as Method, this, results);
    };
    return Reflect.apply(original, this, [rows, onRows]);
  };
}

/** What PostgreSQL does for a batch after the first; no statement is sent for it, and none is the same as another. */
function toFetch(first: CursorCall): CursorCall {
  const { collection } = first.statement;
  const name = collection || "cursor";
  const text = `FETCH FROM ${name}`;
  const known = { operation: "FETCH", summary: `FETCH ${name}`, collection };
  const statement = toStatement({ ...known, text });
  return { ...first, statement, callSite: undefined, repeatIndex: 0, values: noList };
}
