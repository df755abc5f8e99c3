import { resolve } from "node:path";
import type { Store } from "../store.ts";
import { type StoreCalls, toStore } from "../store-calls.ts";
import { ChildSupervisor } from "./child-supervisor.ts";

export interface EmbeddedStoreOptions {
  /** Where the data live; created when missing. One process at a time. */
  readonly folder: string;
  /** How long spans are kept. */
  readonly retentionDays?: number;
  /** What ClickHouse may hold in all. A query or insert that would pass it fails. */
  readonly memoryBytesMax?: number;
  readonly queryDurationMsMax?: number;
  readonly queryRowsMax?: number;
  /** What ClickHouse's process says, line by line, and when it ends or starts again. */
  readonly onLog?: (line: string) => void;
}

export interface EmbeddedStore extends Store {
  /** To serve this store to a worker: `serveStore(store.calls, toPortChannel(port))`. */
  readonly calls: StoreCalls;
  stats(): StoreStats;
  /** Calls are answered now; false while ClickHouse's process starts again. */
  isReady(): boolean;
  /** The process that holds ClickHouse; undefined while there is none. */
  childPid(): number | undefined;
}

/** Counted since the store was opened. */
export interface StoreStats {
  readonly restarts: number;
  readonly inserts: number;
  readonly insertFailures: number;
  readonly rowInserts: number;
  readonly rowInsertFailures: number;
  readonly queries: number;
  readonly queryFailures: number;
}

/**
 * ClickHouse in a child process of ours. When the child dies it is started again; until then calls reject with
 * STORE_UNAVAILABLE, and so do those that were under way. Waits up to 10 s for a folder that a process just killed
 * still holds, then rejects with STORE_UNAVAILABLE.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const supervisor = new ChildSupervisor(
    {
      folder: resolve(options.folder),
      retentionDays: options.retentionDays ?? 14,
      memoryBytesMax: options.memoryBytesMax ?? 1_500_000_000,
      queryDurationMsMax: options.queryDurationMsMax ?? 15_000,
      queryRowsMax: options.queryRowsMax ?? 1_000_000,
    },
    options.onLog ?? (() => undefined),
  );
  await supervisor.start();

  const counts = {
    inserts: 0,
    insertFailures: 0,
    rowInserts: 0,
    rowInsertFailures: 0,
    queries: 0,
    queryFailures: 0,
  };
  const count = async <R>(
    kind: keyof typeof counts,
    failure: keyof typeof counts,
    call: () => Promise<R>,
  ) => {
    counts[kind]++;
    try {
      return await call();
    } catch (cause) {
      counts[failure]++;
      throw cause;
    }
  };
  const calls: StoreCalls = {
    insertBlocks: (table, file, token) =>
      count("inserts", "insertFailures", () =>
        supervisor.calls.insertBlocks(table, resolve(file), token),
      ),
    insertRows: (table, rows) =>
      count("rowInserts", "rowInsertFailures", () => supervisor.calls.insertRows(table, rows)),
    selectText: (shape, query, parameters) =>
      count("queries", "queryFailures", () =>
        supervisor.calls.selectText(shape, query, parameters),
      ),
  };
  return {
    ...toStore(calls, () => supervisor.close()),
    calls,
    stats: () => ({ restarts: supervisor.restarts, ...counts }),
    isReady: () => supervisor.isReady,
    childPid: () => supervisor.pid,
  };
}
