import { countDropped } from "../../diagnostics.ts";

interface NamedPool {
  readonly name: string;
  readonly pool: WeakRef<object>;
}

const poolsMax = 200;

/** What spans and metrics call the pools of this process. Keeps none of them alive. */
export class PoolNames {
  readonly #names = new WeakMap<object, string>();
  #pools: NamedPool[] = [];

  /**
   * The name that the pool has had since it was first asked for: `toName` says where it leads to, and of several pools that lead to one
   * place all but the first get numbers. "": there are more than `poolsMax`.
   */
  of<Pool extends object>(pool: Pool, toName: (pool: Pool) => string): string {
    const known = this.#names.get(pool);
    if (known !== undefined) return known;
    const name = this.#add(pool, toName(pool));
    this.#names.set(pool, name);
    return name;
  }

  #add(pool: object, wanted: string): string {
    this.#pools = this.#pools.filter((each) => each.pool.deref() !== undefined);
    if (this.#pools.length >= poolsMax) {
      countDropped("pools_not_followed");
      return "";
    }
    const name = toFree(wanted, new Set(this.#pools.map((each) => each.name)));
    this.#pools.push({ name, pool: new WeakRef(pool) });
    return name;
  }
}

function toFree(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name} (${number})`;
  return free;
}
