/** What a journal takes: a block, and the hash of each body with rows in it. */
export interface AppendedBlock {
  readonly block: Uint8Array;
  readonly rows: number;
  readonly bodyHashes: readonly string[];
}

/** A request with its rows in a block. */
interface Share {
  readonly block: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  /** How many requests the block is of; each of them is added. */
  readonly requests: number;
  readonly bodyHash: string;
}

interface Gathering {
  readonly shares: Share[];
  readonly appended: PromiseWithResolvers<void>;
}

/**
 * Appends a block once, when each of the requests that were decoded into it has come for it, and releases it after that. They
 * all come: whatever decodes them hands out all results at once.
 */
export class SharedAppends {
  readonly #append: (entry: AppendedBlock) => Promise<void>;
  readonly #release: (block: Share["block"]) => void;
  readonly #gathering = new Map<Uint8Array, Gathering>();

  constructor(
    append: (entry: AppendedBlock) => Promise<void>,
    release: (block: Share["block"]) => void,
  ) {
    this.#append = append;
    this.#release = release;
  }

  /** Settles as the append of the block does; at once when the block is empty. */
  async add(share: Share): Promise<void> {
    const { block, requests } = share;
    const gathering = this.#gathering.get(block) ?? {
      shares: [],
      appended: Promise.withResolvers<void>(),
    };
    gathering.shares.push(share);
    if (gathering.shares.length < requests) this.#gathering.set(block, gathering);
    else this.#appendAll(block, gathering);
    await gathering.appended.promise;
  }

  #appendAll(block: Share["block"], { shares, appended }: Gathering): void {
    this.#gathering.delete(block);
    const stored = shares.filter(({ rows }) => rows > 0);
    const rows = stored.reduce((sum, share) => sum + share.rows, 0);
    const bodyHashes = stored.map(({ bodyHash }) => bodyHash);
    const appending = rows === 0 ? Promise.resolve() : this.#append({ block, rows, bodyHashes });
    appended.resolve(appending.finally(() => this.#release(block)));
  }
}
