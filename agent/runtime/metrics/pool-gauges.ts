import { isTimeout } from "../../evidence/is-timeout.ts";
import { databaseBounds } from "./call-durations.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import type { Metric, NumberPoint } from "./metric.ts";
import { PoolNames } from "./pool-names.ts";

/** What a pool of connections holds at a moment. */
export interface PoolState {
  readonly used: number;
  readonly idle: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
  readonly max: number;
}

interface FollowedPool {
  readonly name: string;
  /** Undefined once the pool is gone. */
  readonly read: () => PoolState | undefined;
  timeouts: number;
}

const poolName = "db.client.connection.pool.name";
const state = "db.client.connection.state";

/**
 * Pools of connections, and how long they let wait. What they hold is read when metrics are exported, never when they
 * are used. Keeps none of them alive.
 */
export class PoolGauges {
  readonly names = new PoolNames();
  readonly #seen = new WeakMap<object, FollowedPool | undefined>();
  readonly #waits = new DurationHistogram({
    name: "db.client.connection.wait_time",
    description: "How long it took to get an open connection from the pool.",
    bounds: databaseBounds,
  });
  #pools: FollowedPool[] = [];

  /** Does nothing for a pool that is followed, or has no name. */
  follow<Pool extends object>(
    pool: Pool,
    toName: (pool: Pool) => string,
    read: (pool: Pool) => PoolState,
  ): void {
    if (this.#seen.has(pool)) return;
    const name = this.names.of(pool, toName);
    if (name === "") {
      this.#seen.set(pool, undefined);
      return;
    }
    const reference = new WeakRef(pool);
    const followed: FollowedPool = {
      name,
      read() {
        const alive = reference.deref();
        return alive && read(alive);
      },
      timeouts: 0,
    };
    this.#seen.set(pool, followed);
    this.#pools.push(followed);
  }

  /** To be called at the end of each checkout; `error` is what it failed with, if it did. */
  checkedOut(pool: object, waitedMs: number, error: unknown): void {
    const followed = this.#seen.get(pool);
    if (followed === undefined) return;
    const { name } = followed;
    if (error) {
      if (isTimeout(error)) followed.timeouts += 1;
      return;
    }
    this.#waits.record(waitedMs / 1000, name, () => ({ [poolName]: name }));
  }

  collect(): readonly Metric[] {
    // The name of one that is gone may be another's by now.
    const states = this.#pools.flatMap((pool) => {
      const current = pool.read();
      return current === undefined ? [] : [{ pool, current }];
    });
    this.#pools = states.map(({ pool }) => pool);
    const points = (toPoints: (state: PoolState) => readonly (readonly [number, string?])[]) =>
      states.flatMap(({ pool: { name }, current }) =>
        toPoints(current).map(([value, of]) => toPoint(name, value, of)),
      );
    return [
      {
        kind: "upDownCounter",
        name: "db.client.connection.count",
        description: "Connections of the pool by their state.",
        unit: "{connection}",
        points: points(({ used, idle }) => [
          [used, "used"],
          [idle, "idle"],
        ]),
      },
      {
        kind: "upDownCounter",
        name: "db.client.connection.max",
        description: "How many connections the pool may open.",
        unit: "{connection}",
        points: points(({ max }) => [[max]]),
      },
      {
        kind: "upDownCounter",
        name: "db.client.connection.pending_requests",
        description: "Requests that wait for a connection of the pool.",
        unit: "{request}",
        points: points(({ pending }) => [[pending]]),
      },
      {
        kind: "counter",
        name: "db.client.connection.timeouts",
        description: "Requests that gave up waiting for a connection of the pool.",
        unit: "{timeout}",
        points: states.map(({ pool: { name, timeouts } }) => toPoint(name, timeouts, undefined)),
      },
      this.#waits.collect(),
    ];
  }
}

function toPoint(name: string, value: number, stateName: string | undefined): NumberPoint {
  const attributes = stateName === undefined ? {} : { [state]: stateName };
  return { attributes: { [poolName]: name, ...attributes }, value };
}
