import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { CollectorError } from "../collector-error.ts";
import type { JournalEntry } from "./open-file.ts";

interface Waiting {
  readonly entry: JournalEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Requests; each answers its client at once, so all of a large group would hold the event loop for milliseconds. */
const toldAtOnce = 8;

export interface GroupCommitOptions {
  readonly groupMs: number;
  readonly waitingBytesMax: number;
  /** Makes a group durable, all of it or none. Never called twice at once. */
  readonly commit: (entries: readonly JournalEntry[]) => Promise<void>;
}

/**
 * Lets requests that arrive together share one fsync. While a group is being written the next one gathers:
 *
 *   arrivals   x x  x    x x x xx  x     x
 *   groups    |--20 ms--|        |--20 ms--|
 *   commits              [write ]          [write ]
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #flush = new AbortController();
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Bytes of blocks in memory: gathering, and being written. */
  waitingBytes = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Settles as the commit of its group does. */
  async add(entry: JournalEntry): Promise<void> {
    const bytes = entry.block.length;
    if (this.waitingBytes > 0 && this.waitingBytes + bytes > this.#options.waitingBytesMax) {
      throw new CollectorError("JOURNAL_BUSY", `${this.waitingBytes} bytes wait for the disk`);
    }
    this.waitingBytes += bytes;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ entry, resolve, reject });
    this.#running ??= this.#run();
    await promise;
  }

  /** Commits what waits now, and from now on without gathering. */
  async flush(): Promise<void> {
    this.#flush.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { groupMs } = this.#options;
    while (this.#waiting.length > 0) {
      // Aborted by `flush`: then the group is complete.
      await delay(groupMs, undefined, { signal: this.#flush.signal }).catch(() => undefined);
      const group = this.#waiting;
      this.#waiting = [];
      await this.#commit(group);
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const entries = group.map(({ entry }) => entry);
    // Counted before: whoever is told may free its block.
    const bytes = entries.reduce((sum, { block }) => sum + block.length, 0);
    let failure: { readonly error: unknown } | undefined;
    try {
      await this.#options.commit(entries);
    } catch (error) {
      failure = { error };
    }
    this.waitingBytes -= bytes;
    let told = 0;
    for (const { entry, resolve, reject } of group) {
      if (told >= toldAtOnce) {
        await setImmediate();
        told = 0;
      }
      if (failure === undefined) resolve();
      else reject(failure.error);
      told += entry.bodyHashes.length;
    }
  }
}
