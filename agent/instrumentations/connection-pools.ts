import type { PoolGauges, PoolState } from "../runtime/metrics/pool-gauges.ts";
import { Checkout, type ConnectionStates } from "./connection-states.ts";
import type { Constructor } from "./constructor.ts";
import { Guard } from "./guard.ts";
import { wrapMethod } from "./wrap-method.ts";

/** Knex's: `tarn`, versions 1 to 3. */
interface TarnPool {
  readonly max: number;
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
  numPendingCreates(): number;
}

/** Sequelize's: `sequelize-pool`, from version 2 on. */
interface SequelizePool {
  readonly size: number;
  readonly available: number;
  readonly waiting: number;
  readonly maxSize: number;
}

export interface PoolModule {
  readonly Pool?: Constructor;
}

interface PoolKind<Pool> {
  read(pool: Pool): PoolState;
  /** Settled with the connection. */
  promiseOf(acquired: unknown): unknown;
}

const tarn: PoolKind<TarnPool> = {
  read: (pool) => ({
    used: pool.numUsed() + pool.numPendingCreates(),
    idle: pool.numFree(),
    pending: pool.numPendingAcquires(),
    max: pool.max,
  }),
  promiseOf: (acquired) => (acquired as { promise: unknown }).promise,
};

const sequelize: PoolKind<SequelizePool> = {
  read: (pool) => ({
    used: pool.size - pool.available,
    idle: pool.available,
    pending: pool.waiting,
    max: pool.maxSize,
  }),
  promiseOf: (acquired) => acquired,
};

/**
 * Pools that are not a driver's own, but of the library above it:
 *
 *   await knex("orders") ─ pool.acquire ── waits … ─▶ the driver's call: its span has the wait
 *                           └ counts before it         └ on the same connection
 */
export class ConnectionPools {
  readonly #states: ConnectionStates;
  readonly #gauges: PoolGauges | undefined;
  readonly #guard = new Guard("pools of connections");
  readonly #patched = new WeakSet<object>();

  constructor(states: ConnectionStates, gauges: PoolGauges | undefined) {
    this.#states = states;
    this.#gauges = gauges;
  }

  patchTarn({ Pool }: PoolModule): void {
    this.#patch(Pool, tarn);
  }

  patchSequelize({ Pool }: PoolModule): void {
    this.#patch(Pool, sequelize);
  }

  #patch<Pool extends object>(Pool: Constructor | undefined, kind: PoolKind<Pool>): void {
    if (Pool === undefined || this.#patched.has(Pool.prototype)) return;
    this.#patched.add(Pool.prototype);
    const pools = this;
    wrapMethod<Pool>(Pool.prototype, "acquire", (original) => {
      return function acquire(...args) {
        const checkout = pools.#start(this, kind);
        const acquired = Reflect.apply(original, this, args);
        if (checkout !== undefined) pools.#observe(this, { kind, checkout, acquired });
        return acquired;
      };
    });
  }

  /** Undefined when there is nothing to be told of it. */
  #start<Pool extends object>(pool: Pool, kind: PoolKind<Pool>): Checkout | undefined {
    if (!this.#guard.isActive) return undefined;
    return this.#guard.attempt(() => {
      const checkout = new Checkout(kind.read(pool));
      const isTold = checkout.isDelayed || this.#gauges !== undefined;
      return isTold ? checkout : undefined;
    });
  }

  /** A handler beside those of the library, which keeps the promise itself: it handles what goes wrong. */
  #observe<Pool extends object>(
    pool: Pool,
    call: { kind: PoolKind<Pool>; checkout: Checkout; acquired: unknown },
  ): void {
    const { kind, checkout, acquired } = call;
    const promise = kind.promiseOf(acquired);
    if (!(promise instanceof Promise)) return;
    // Such a pool does not know what it is connected to; its first connection does.
    const note = this.#guard.bind((connection: unknown) => {
      const toName = () => toServerName(connection);
      this.#gauges?.follow(pool, toName, kind.read);
      if (checkout.isDelayed) checkout.poolName = this.#states.names.of(pool, toName);
      this.#states.note(connection, checkout);
      this.#gauges?.checkedOut(pool, checkout.waitedMs, undefined);
    });
    const fail = this.#guard.bind((error: unknown) => {
      this.#gauges?.checkedOut(pool, checkout.waitedMs, error);
    });
    promise.then(note, fail);
  }
}

interface Settings {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly database?: unknown;
}

/** `host:port/database` of a connection of pg or mysql2; of another driver what it has of these. */
function toServerName(connection: unknown): string {
  const own = (connection ?? {}) as Settings & { readonly config?: Settings };
  const { host, port, database } = own.config ?? own;
  return `${host ?? "localhost"}:${port ?? ""}/${database ?? ""}`;
}
