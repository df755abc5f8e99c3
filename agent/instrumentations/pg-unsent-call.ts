import { isTimeout } from "../evidence/is-timeout.ts";
import { toPoolServer } from "../runtime/metrics/follow-pg-pool.ts";
import type { Checkout } from "./connection-states.ts";
import type { DatabaseOptions } from "./database-call.ts";
import { type PgCall, startPgCall } from "./pg-call.ts";
import type { PgPool } from "./pg-classes.ts";

/** Of which there is no hash: nothing was sent. */
const noList = {};

interface FailedCheckout {
  readonly pool: PgPool;
  readonly checkout: Checkout;
  readonly error: unknown;
}

/** A call to a pool that got no connection: its span says how long it waited, and why in vain. */
export function tellUnsentCall(
  options: DatabaseOptions,
  call: PgCall,
  { pool, checkout, error }: FailedCheckout,
): void {
  const client = toPoolServer(pool);
  options.states.note(client, checkout);
  // pg's pool has no code for it.
  const reason = isTimeout(error) ? { name: "timeout" } : error;
  startPgCall(options, call, client, noList).fail(reason);
}
