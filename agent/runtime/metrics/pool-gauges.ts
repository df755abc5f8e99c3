import { countDropped } from "../../diagnostics.ts";
import type { Metric, NumberPoint } from "./metric.ts";

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
}

const poolsMax = 200;
const poolName = "db.client.connection.pool.name";
const state = "db.client.connection.state";

/** Reads pools when metrics are exported, never when they are used; keeps none of them alive. */
export class PoolGauges {
  readonly #seen = new WeakSet<object>();
  #pools: FollowedPool[] = [];

  /** Does nothing for a pool that is followed. Two pools of one name get numbers. */
  follow<Pool extends object>(
    pool: Pool,
    toName: (pool: Pool) => string,
    read: (pool: Pool) => PoolState,
  ): void {
    if (this.#seen.has(pool)) return;
    this.#seen.add(pool);
    if (this.#pools.length >= poolsMax) {
      countDropped("pools_not_followed");
      return;
    }
    const reference = new WeakRef(pool);
    this.#pools.push({
      name: this.#toFreeName(toName(pool)),
      read() {
        const alive = reference.deref();
        return alive && read(alive);
      },
    });
  }

  collect(): readonly Metric[] {
    const states = this.#pools.map((pool) => ({ pool, state: pool.read() }));
    this.#pools = states.filter((it) => it.state !== undefined).map(({ pool }) => pool);
    const points = (toPoints: (state: PoolState) => readonly (readonly [number, string?])[]) =>
      states.flatMap(({ pool: { name }, state: current }) =>
        current ? toPoints(current).map(([value, of]) => toPoint(name, value, of)) : [],
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
    ];
  }

  #toFreeName(name: string): string {
    const names = new Set(this.#pools.map((pool) => pool.name));
    let free = name;
    for (let number = 2; names.has(free); number += 1) free = `${name} (${number})`;
    return free;
  }
}

function toPoint(name: string, value: number, stateName: string | undefined): NumberPoint {
  const attributes = stateName === undefined ? {} : { [state]: stateName };
  return { attributes: { [poolName]: name, ...attributes }, value };
}
