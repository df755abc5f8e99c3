import { resolve } from "node:path";
import type { EngineCalls } from "../engine-calls.ts";
import { type OpenedStore, toOpenedStore } from "../opened-store.ts";
import { defaultRetention, type Retention } from "../retention.ts";
import { ChildSupervisor } from "./child-supervisor.ts";

export interface EmbeddedStoreOptions {
  /** Where the data live; created when missing. One process at a time. */
  readonly folder: string;
  /** False: the tables stay as they are. By default they are brought to what this version needs. */
  readonly migrates?: boolean;
  /** How much is kept of each signal; by default 14 days. */
  readonly retention?: Retention;
  /** What ClickHouse may hold in all. A query or insert that would pass it fails. */
  readonly memoryBytesMax?: number;
  readonly queryDurationMsMax?: number;
  readonly queryRowsMax?: number;
  /** What ClickHouse's process says, line by line, and when it ends or starts again. */
  readonly onLog?: (line: string) => void;
}

export interface EmbeddedStore extends OpenedStore {
  /** What only the owner of the store may ask. */
  readonly engine: Pick<EngineCalls, "administer" | "read">;
}

export interface TakenStore {
  /** Until `ready` resolves its calls reject with STORE_UNAVAILABLE. */
  readonly store: EmbeddedStore;
  /** Resolves when the tables are migrated. Rejects with what keeps them from that; then the store is of no use. */
  readonly ready: Promise<void>;
}

/**
 * ClickHouse in a child process of ours. When the child dies it is started again; until then calls reject with
 * STORE_UNAVAILABLE, and so do those that were under way. Waits up to 20 s for a folder that a process just killed
 * still holds, then rejects with STORE_UNAVAILABLE.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const { store, ready } = await takeEmbeddedStore(options);
  await ready;
  return store;
}

/** As `openEmbeddedStore`, but resolves as soon as the folder is ours. */
export async function takeEmbeddedStore(options: EmbeddedStoreOptions): Promise<TakenStore> {
  const supervisor = new ChildSupervisor(
    {
      folder: resolve(options.folder),
      retention: options.retention ?? defaultRetention,
      migrates: options.migrates ?? true,
      memoryBytesMax: options.memoryBytesMax ?? 1_500_000_000,
      queryDurationMsMax: options.queryDurationMsMax ?? 15_000,
      queryRowsMax: options.queryRowsMax ?? 1_000_000,
    },
    options.onLog ?? (() => undefined),
  );
  const held = Promise.withResolvers<void>();
  const ready = supervisor.start(held.resolve);
  // What fails first rejects this; what fails later is told to who asks for `ready`.
  await Promise.race([held.promise, ready]);

  const store = toOpenedStore({
    calls: {
      // The name is read in the child.
      insertBlocks: async (table, file, token) =>
        supervisor.calls.insertBlocks(table, resolve(file), token),
      insertRows: async (table, rows) => supervisor.calls.insertRows(table, rows),
      select: async (shape, query, parameters) => supervisor.calls.select(shape, query, parameters),
    },
    isReady: () => supervisor.isReady,
    restarts: () => supervisor.restarts,
    childPid: () => supervisor.pid,
    close: () => supervisor.close(),
  });
  const engine: EmbeddedStore["engine"] = {
    administer: async (sql) => supervisor.calls.administer(sql),
    read: async (statement) => supervisor.calls.read(statement),
  };
  return { store: { ...store, engine }, ready };
}
