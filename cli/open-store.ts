import { createServer } from "node:http";
import { join } from "node:path";
import { openClusterStore } from "../storage/cluster/open-cluster-store.ts";
import {
  keepRetention,
  type RetentionStats,
  readDiskOf,
} from "../storage/embedded/keep-retention.ts";
import { type EmbeddedStore, takeEmbeddedStore } from "../storage/embedded/open-embedded-store.ts";
import { createHttpFront, type FrontStats } from "../storage/http-front/http-front.ts";
import type { OpenedStore } from "../storage/opened-store.ts";
import type { StartConfig } from "./config.ts";
import { closeServer, listen } from "./listen.ts";

/** The store, and what its home counts beside it. */
export interface StoreParts {
  readonly store: OpenedStore;
  readonly retention: () => RetentionStats;
  readonly front: () => FrontStats;
  /**
   * Resolves when the database inside has its tables, at once where the database is not ours: that is tried without
   * end. Rejects when it can't have them.
   */
  readonly opened: Promise<void>;
}

const nothingDropped: RetentionStats = { droppedDays: [], failures: 0 };
const nothingAsked: FrontStats = { statements: 0, failures: 0, refused: 0 };

/**
 * Opens the servers that the configuration names, without waiting for them: what comes until they answer is journaled.
 * Else ClickHouse in a process of ours, and waits until that has its folder: who holds it owns the journal, too. What
 * comes while it is migrated is journaled. Adds to `opened` how it ends.
 */
export async function openStore(
  config: StartConfig,
  log: (line: string) => void,
  opened: (() => Promise<unknown>)[],
): Promise<StoreParts> {
  const onLog = (line: string) => log(`database: ${line}`);
  const { retention, cluster } = config;
  if (cluster !== undefined) {
    const store = openClusterStore({ ...cluster, retention, onLog });
    opened.push(() => store.close());
    const home = { retention: () => nothingDropped, front: () => nothingAsked };
    return { store, ...home, opened: Promise.resolve() };
  }
  const folder = join(config.dataFolder, "clickhouse");
  const { store, ready } = await takeEmbeddedStore({ folder, retention, onLog });
  opened.push(() => store.close());
  const keeper = keepRetention({
    administer: (sql) => store.engine.administer(sql),
    retention,
    readDisk: () => readDiskOf(folder),
    now: Date.now,
    log: (line) => log(`retention: ${line}`),
  });
  opened.push(() => keeper.close());
  // What fails is told to who waits for `ready`.
  ready.then(keeper.check, () => undefined);
  const front = await openFront(config, store, log, opened);
  return { store, retention: keeper.stats, front, opened: ready };
}

/** On loopback only: what is sent there is not encrypted, and one password reads everything. */
const frontHost = "127.0.0.1";

async function openFront(
  { clickhousePort: port, apiToken }: StartConfig,
  { engine }: EmbeddedStore,
  log: (line: string) => void,
  opened: (() => Promise<unknown>)[],
): Promise<() => FrontStats> {
  if (port === undefined) return () => nothingAsked;
  const front = createHttpFront({
    execute: (statement) => engine.read(statement),
    hostsAllowed: new Set([frontHost, "localhost"]),
    ...(apiToken !== undefined && { password: apiToken }),
  });
  const server = createServer({ requestTimeout: 30_000, maxHeaderSize: 512 * 1024 }, front.handle);
  server.maxConnections = 64;
  opened.push(() => closeServer(server));
  const taken = await listen(server, { host: frontHost, port, flag: "--clickhouse-port" });
  log(`database: ClickHouse's HTTP protocol, read-only, on http://${frontHost}:${taken}`);
  return front.stats;
}
