import type { DatabaseServer } from "../evidence/known-statements.ts";
import type { PoolState } from "../runtime/metrics/pool-gauges.ts";
import { PoolNames } from "../runtime/metrics/pool-names.ts";
import { monotonicNow } from "../tracing/monotonic-clock.ts";
import type { TransactionState } from "./transaction-state.ts";

/** What is known of a connection between two calls on it. */
export interface ConnectionState extends TransactionState {
  /** Of the next call: how long it waited for this connection; -1 when it did not. */
  poolWaitMs: number;
  /** Of the next call: how long it waited for this connection to be made; -1 when it was there. */
  connectionCreateMs: number;
  /** Whose connection it is; "": no pool's that is known. */
  poolName: string;
  /** Where it leads to, once a call has asked. */
  server: DatabaseServer | undefined;
}

/** Waits of one call for its connection. */
interface Waits {
  readonly poolWaitMs: number;
  readonly connectionCreateMs: number;
}

const noWaits: Waits = { poolWaitMs: -1, connectionCreateMs: -1 };

/** Where a connection keeps its state. A property costs less than a WeakMap, which each collection looks through. */
const stateKey = Symbol("culprit.connection");

/** States of the connections of all drivers: a pool notes what a driver's call takes. */
export class ConnectionStates {
  readonly names: PoolNames;

  constructor(names = new PoolNames()) {
    this.names = names;
  }

  of(connection: object): ConnectionState {
    const known = (connection as { readonly [stateKey]?: ConnectionState })[stateKey];
    if (known !== undefined) return known;
    const unknown = { transactionId: "", statements: 0, poolName: "", server: undefined };
    const state: ConnectionState = { ...unknown, ...noWaits };
    // Not seen by who lists or copies what it has. One that can't be added to is new with each call.
    Reflect.defineProperty(connection, stateKey, { value: state });
    return state;
  }

  /** Before a pool is asked for a connection. Its connections have its name from the first checkout on that waits: mostly their first, which waits for them to be made. */
  startCheckout<Pool extends object>(
    pool: Pool,
    state: PoolState,
    toName: (pool: Pool) => string,
  ): Checkout {
    if (state.idle > state.pending) return undelayed;
    const checkout = new Checkout(state);
    checkout.poolName = this.names.of(pool, toName);
    return checkout;
  }

  /** To be called when a checkout has its connection. */
  note(connection: unknown, checkout: EndedCheckout): void {
    if (!checkout.isDelayed || typeof connection !== "object" || connection === null) return;
    const { isNewConnection, waitedMs, poolName } = checkout;
    const state = this.of(connection);
    if (state.poolName !== poolName) {
      state.poolName = poolName;
      state.server = undefined;
    }
    if (isNewConnection) state.connectionCreateMs = waitedMs;
    else state.poolWaitMs = waitedMs;
  }
}

/** The waits belong to the first call after the checkout. */
export function takeWaits(state: ConnectionState): Waits {
  const { poolWaitMs, connectionCreateMs } = state;
  if (poolWaitMs === -1 && connectionCreateMs === -1) return noWaits;
  state.poolWaitMs = -1;
  state.connectionCreateMs = -1;
  return { poolWaitMs, connectionCreateMs };
}

/** What a checkout has waited for when it has its connection. */
interface EndedCheckout {
  readonly isDelayed: boolean;
  readonly isNewConnection: boolean;
  readonly waitedMs: number;
  readonly poolName: string;
}

/** What a checkout will have to wait for, told from the pool's counts before it. */
export class Checkout implements EndedCheckout {
  readonly isDelayed: boolean;
  readonly #fromMs: number;
  readonly isNewConnection: boolean;
  poolName = "";

  constructor({ used, idle, pending, max }: PoolState) {
    this.isDelayed = idle <= pending;
    this.#fromMs = this.isDelayed ? monotonicNow() : 0;
    this.isNewConnection = idle === 0 && used < max;
  }

  /** Until now; 0 of one that finds a free connection, and is not timed. */
  get waitedMs(): number {
    return this.isDelayed ? monotonicNow() - this.#fromMs : 0;
  }
}

/** One for all checkouts that don't wait. */
export const undelayed = new Checkout({ used: 0, idle: 1, pending: 0, max: 1 });
