import type { PoolGauges } from "../runtime/metrics/pool-gauges.ts";
import { monotonicNow } from "../tracing/monotonic-clock.ts";
import type { MongodbPool } from "./mongodb-classes.ts";

/** To be called when a pool is used; does nothing from the second time on. One server has one pool in each client. */
export function followMongodbPool(pools: PoolGauges | undefined, pool: MongodbPool): void {
  pools?.follow(pool, toPoolName, (it) => ({
    used: it.currentCheckedOutCount ?? it.totalConnectionCount - it.availableConnectionCount,
    idle: it.availableConnectionCount,
    pending: it.waitQueueSize,
    max: it.options.maxPoolSize,
  }));
}

export function toPoolName({ address }: MongodbPool): string {
  return address;
}

/** Whether a checkout will have to wait is told from the pool's counts before it. */
export class MongodbCheckout {
  readonly #fromMs = monotonicNow();
  readonly isDelayed: boolean;

  constructor({ availableConnectionCount, waitQueueSize }: MongodbPool) {
    this.isDelayed = availableConnectionCount <= waitQueueSize;
  }

  /** Until now. */
  get waitedMs(): number {
    return monotonicNow() - this.#fromMs;
  }
}
