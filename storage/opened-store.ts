import type { Store } from "./store.ts";
import { type StoreCalls, toStore } from "./store-calls.ts";

/** A store with what its owner needs beside the port, in either home. */
export interface OpenedStore extends Store {
  /** To serve this store to a worker: `serveStore(store.calls, toPortChannel(port))`. */
  readonly calls: StoreCalls;
  stats(): StoreStats;
  /** Calls are answered now. */
  isReady(): boolean;
  /** The process of ours that holds ClickHouse; undefined: there is none. */
  childPid(): number | undefined;
}

/** Counted since the store was opened. */
interface StoreStats {
  /** Of the process that holds ClickHouse; 0 where it is not ours. */
  readonly restarts: number;
  readonly inserts: number;
  readonly insertFailures: number;
  readonly rowInserts: number;
  readonly rowInsertFailures: number;
  readonly queries: number;
  readonly queryFailures: number;
}

export interface OpenedStoreOptions {
  readonly calls: StoreCalls;
  readonly isReady: () => boolean;
  readonly restarts: () => number;
  readonly childPid: () => number | undefined;
  readonly close: () => Promise<void>;
}

/** The port over a home's calls, counted. */
export function toOpenedStore({
  calls,
  isReady,
  restarts,
  childPid,
  close,
}: OpenedStoreOptions): OpenedStore {
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
  const counted: StoreCalls = {
    insertBlocks: (...values) =>
      count("inserts", "insertFailures", () => calls.insertBlocks(...values)),
    insertRows: (...values) =>
      count("rowInserts", "rowInsertFailures", () => calls.insertRows(...values)),
    select: (...values) => count("queries", "queryFailures", () => calls.select(...values)),
  };
  return {
    ...toStore(counted, close),
    calls: counted,
    stats: () => ({ restarts: restarts(), ...counts }),
    isReady,
    childPid,
  };
}
