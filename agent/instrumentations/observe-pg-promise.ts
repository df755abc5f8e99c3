import { observePromise } from "./observe-promise.ts";
import type { PgClient, PgQuery } from "./pg-classes.ts";
import { textOfQuery } from "./text-of-query.ts";
import type { Method } from "./wrap-method.ts";

/**
 * Ends the call when the promise is settled, without a handler on it: an error that nobody handles would no longer be
 * one. So it is seen where pg settles it, in the query's callback; only where that is not found, behind the promise.
 */
export function observePgPromise(
  result: Promise<unknown>,
  client: PgClient,
  args: readonly unknown[],
  finish: (error: unknown, result: unknown) => void,
): Promise<unknown> {
  const query = hasTimeout(client, args[0]) ? undefined : findQuery(client, textOfQuery(args[0]));
  if (query === undefined) return observePromise(result, finish);
  const { callback } = query;
  query.callback = function (...results) {
    finish(results[0], results[1]);
    return Reflect.apply(callback as Method, this, results);
  };
  return result;
}

/** pg then calls the callback that it had before. */
function hasTimeout(client: PgClient, config: unknown): boolean {
  const own = (config as { query_timeout?: unknown }).query_timeout;
  return Boolean(own || client.connectionParameters?.query_timeout);
}

/** The query that was just made: the last of the client's queue, or the one under way when it did not have to wait. */
function findQuery(client: PgClient, sql: string | undefined): PgQuery | undefined {
  const queue = "_queryQueue" in client ? client._queryQueue : client.queryQueue;
  const active = "_activeQuery" in client ? client._activeQuery : client.activeQuery;
  const query = queue?.at(-1) ?? client._sentQueryQueue?.at(-1) ?? active;
  return query?.text === sql && typeof query?.callback === "function" ? query : undefined;
}
