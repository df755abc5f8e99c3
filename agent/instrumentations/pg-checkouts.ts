import { followPgPool, toPoolName, toPoolState } from "../runtime/metrics/follow-pg-pool.ts";
import { type Checkout, undelayed } from "./connection-states.ts";
import type { DatabaseOptions } from "./database-call.ts";
import type { Guard } from "./guard.ts";
import { observePromise } from "./observe-promise.ts";
import type { AnnouncedCall } from "./pg-call.ts";
import type { PgClient, PgPool } from "./pg-classes.ts";
import { tellUnsentCall } from "./pg-unsent-call.ts";
import type { Method } from "./wrap-method.ts";

/** What a pool's `query` hands on to its `connect`, and that to the client's `query`, all within one turn each. */
export interface HandedOn {
  announced: AnnouncedCall | undefined;
}

/** Whoever waits for a pool's connection. */
interface WaitingCall {
  readonly pool: PgPool;
  readonly checkout: Checkout;
  readonly announced: AnnouncedCall | undefined;
}

/**
 * From a pool's `connect` to whoever gets the connection:
 *
 *   pool.connect ── takes what is handed on ── waits … ─▶ callback: the wait is noted, the call handed on again
 *                                                 └─────▶ none: an announced call is told as one that was not sent
 */
export class PgCheckouts {
  readonly #options: DatabaseOptions;
  readonly #guard: Guard;
  readonly #handedOn: HandedOn;

  constructor(options: DatabaseOptions, guard: Guard, handedOn: HandedOn) {
    this.#options = options;
    this.#guard = guard;
    this.#handedOn = handedOn;
  }

  connect(pool: PgPool, original: Method, args: unknown[]): unknown {
    const { pools } = this.#options;
    if (pools !== undefined) this.#guard.attempt(followPgPool, pools, pool);
    const [callback] = args;
    const { announced } = this.#handedOn;
    this.#handedOn.announced = undefined;
    const checkout = this.#guard.attempt(this.#startCheckout, pool);
    if (checkout === undefined) return Reflect.apply(original, pool, args);
    const waiting = { pool, checkout, announced };
    if (typeof callback !== "function") return this.#connectForPromise(waiting, original, args);
    const onClient =
      announced?.isForPromise === true
        ? this.#callForPool(waiting, callback as Method)
        : this.#callInContext(waiting, callback as Method);
    return Reflect.apply(original, pool, [onClient]);
  }

  readonly #startCheckout = (pool: PgPool): Checkout =>
    // Of a connection that is free nothing else is to be known.
    pool.idleCount > pool.waitingCount
      ? undelayed
      : this.#options.states.startCheckout(pool, toPoolState(pool), toPoolName);

  #connectForPromise(waiting: WaitingCall, original: Method, args: unknown[]): unknown {
    const { pool, checkout } = waiting;
    const result = Reflect.apply(original, pool, args) as Promise<PgClient>;
    if (!checkout.isDelayed && this.#options.pools === undefined) return result;
    const onEnd = this.#guard.bind((error: unknown, client: unknown) =>
      this.#noteClient(waiting, error, client),
    );
    return observePromise(result, onEnd);
  }

  /** The pool's own callback makes the announced call and nothing else: its context is nobody's. */
  #callForPool(waiting: WaitingCall, callback: Method): Method {
    const checkouts = this;
    return function (...results) {
      const outer = checkouts.#enterCallback(waiting, results[0], results[1]);
      try {
        return Reflect.apply(callback, this, results);
      } finally {
        checkouts.#handedOn.announced = outer;
      }
    };
  }

  /** A waiting call is served in the turn of whoever gives its client back: that is not its context. */
  #callInContext(waiting: WaitingCall, callback: Method): Method {
    const { contexts } = this.#options.tracing;
    const store = contexts.storage.getStore();
    const checkouts = this;
    return function (...results) {
      const outer = checkouts.#enterCallback(waiting, results[0], results[1]);
      try {
        return contexts.call(store, callback, this, results);
      } finally {
        checkouts.#handedOn.announced = outer;
      }
    };
  }

  /** What was announced until now, which the callback does not see. */
  #enterCallback(waiting: WaitingCall, error: unknown, client: unknown): AnnouncedCall | undefined {
    if (waiting.checkout !== undelayed || this.#options.pools !== undefined || error) {
      this.#guard.attempt(() => this.#noteClient(waiting, error, client));
    }
    const outer = this.#handedOn.announced;
    this.#handedOn.announced = waiting.announced;
    return outer;
  }

  #noteClient(waiting: WaitingCall, error: unknown, client: unknown): void {
    const { pool, checkout, announced } = waiting;
    const { pools, states } = this.#options;
    states.note(client, checkout);
    pools?.checkedOut(pool, checkout.waitedMs, error);
    if (error && announced !== undefined) {
      tellUnsentCall(this.#options, announced, { pool, checkout, error });
    }
  }
}
