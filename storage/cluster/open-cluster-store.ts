import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from "@clickhouse/client";
import { blockTables } from "../block-tables.ts";
import { checkParameters } from "../check-parameters.ts";
import { migrate } from "../migrate.ts";
import { type OpenedStore, toOpenedStore } from "../opened-store.ts";
import type { Retention } from "../retention.ts";
import {
  blockInsertSettings,
  insertSettings,
  type StatementSettings,
  toQuerySettings,
} from "../statement-settings.ts";
import { type Query, type QueryParameters, StorageError } from "../store.ts";
import { formats, type Pieces, type ResultShape, type StoreCalls } from "../store-calls.ts";
import { toInsertError, toQueryError } from "../to-storage-error.ts";
import { Hosts } from "./hosts.ts";

export interface ClusterStoreOptions {
  /** Of any hosts that serve the tables: "http://clickhouse-1:8123". */
  readonly urls: readonly string[];
  readonly database: string;
  readonly username: string;
  readonly password: string;
  /** As in the servers' `remote_servers`, or their macro "{cluster}"; "": one server that belongs to none. */
  readonly cluster: string;
  readonly retention: Retention;
  readonly queryDurationMsMax?: number;
  readonly queryRowsMax?: number;
  /** Of one query, on each server. */
  readonly queryMemoryBytesMax?: number;
  readonly onLog?: (line: string) => void;
}

/** A file is 64 MiB at most; a server that takes longer than this for it is as good as away. */
const insertDurationMs = 60_000;
/** Beyond what ClickHouse may take for a query: the way there and back. */
const graceMs = 5_000;
const connectionsMaxPerHost = 8;
const migrateAgainMs = 2_000;
/** As much text as a string holds in Node, and more than `max_result_bytes` makes of columns. */
const resultCharactersMax = 400_000_000;

/**
 * ClickHouse servers over HTTP. It is ready when they have the tables; until then calls reject with STORE_UNAVAILABLE.
 * What keeps the tables from being made, a server that is away or one that refuses, is said, and tried again: what
 * comes meanwhile can be kept in the journal.
 */
export function openClusterStore(options: ClusterStoreOptions): OpenedStore {
  const log = options.onLog ?? (() => undefined);
  const limits = {
    durationMsMax: options.queryDurationMsMax ?? 15_000,
    rowsMax: options.queryRowsMax ?? 1_000_000,
    memoryBytesMax: options.queryMemoryBytesMax ?? 2_000_000_000,
  };
  const clients = options.urls.map((url) => ({
    name: new URL(url).host,
    client: createClient({
      url,
      username: options.username,
      password: options.password,
      database: options.database,
      application: "culprit",
      // What fails is told by whoever asked.
      log: { level: ClickHouseLogLevel.OFF },
      request_timeout: Math.max(insertDurationMs, limits.durationMsMax + graceMs),
      max_open_connections: connectionsMaxPerHost,
      compression: { request: { codec: "zstd", level: 1 }, response: { codec: "zstd" } },
    }),
  }));
  const hosts = new Hosts({ clients, now: Date.now, log });
  const closing = new AbortController();
  const { signal } = closing;
  let hasTables = false;
  void makeTables(hosts, options, log, signal).then((isDone) => {
    hasTables = isDone;
  });
  const checkOpen = () => {
    if (signal.aborted) throw new StorageError("STORE_UNAVAILABLE", "the store is closed");
    if (!hasTables) throw new StorageError("STORE_UNAVAILABLE", "the tables are not made yet");
  };
  return toOpenedStore({
    calls: toCalls(hosts, options.cluster !== "", toQuerySettings(limits), checkOpen),
    isReady: () => !signal.aborted && hasTables && hosts.isReady,
    restarts: () => 0,
    childPid: () => undefined,
    close: async () => {
      closing.abort();
      await Promise.all(clients.map(({ client }) => client.close()));
    },
  });
}

/** Tries until it is done (true) or `signal` says that it is of no use any more (false). */
async function makeTables(
  hosts: Hosts<ClickHouseClient>,
  options: ClusterStoreOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let said = "";
  while (!signal.aborted) {
    try {
      await migrateCluster(hosts, options);
      return true;
    } catch (cause) {
      // That nobody answers comes in many words.
      const reason = cause instanceof StorageError ? cause.code : String(cause);
      if (reason !== said && !signal.aborted) {
        log(`tables can't be made yet, trying again: ${cause}`);
      }
      said = reason;
      // Aborted: the loop's condition ends it.
      await delay(migrateAgainMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return false;
}

/** Everything on one host, so that what one statement wrote is seen by the next. */
async function migrateCluster(
  hosts: Hosts<ClickHouseClient>,
  { cluster, database, retention }: ClusterStoreOptions,
): Promise<void> {
  const deployment =
    cluster === ""
      ? { kind: "single" as const }
      : { kind: "cluster" as const, name: cluster, database };
  await hosts.run((client) =>
    migrate({
      deployment,
      retention,
      run: async (sql) =>
        readText(await client.exec({ query: sql, clickhouse_settings: ddlSettings })),
    }),
  );
}

/** A host that is away makes the tables when it is back: ClickHouse keeps the statement for it. */
const ddlSettings: ClickHouseSettings = {
  distributed_ddl_task_timeout: "30",
  distributed_ddl_output_mode: "null_status_on_timeout",
  wait_end_of_query: 1,
};

function toCalls(
  hosts: Hosts<ClickHouseClient>,
  isCluster: boolean,
  querySettings: StatementSettings,
  checkOpen: () => void,
): StoreCalls {
  // Shards have answered when the insert returns, so its token covers them.
  const inserts = { ...insertSettings, ...(isCluster && { distributed_foreground_insert: 1 }) };
  // A subquery over all shards is asked once, and its result sent along.
  const queries: ClickHouseSettings = {
    ...querySettings,
    ...(isCluster && { distributed_product_mode: "global" as const }),
    // An error behind the first bytes would otherwise come as a part of the result.
    wait_end_of_query: 1,
    readonly: "1",
  };
  const select = async (
    shape: ResultShape,
    query: Query,
    parameters: QueryParameters,
  ): Promise<Pieces> => {
    checkOpen();
    checkParameters(query, parameters);
    try {
      return await hosts.run(async (client) =>
        readPieces(
          await client.exec({
            query: `${query.sql} FORMAT ${formats[shape]}`,
            query_params: parameters,
            clickhouse_settings: { ...queries, log_comment: query.name },
          }),
        ),
      );
    } catch (cause) {
      throw cause instanceof StorageError ? cause : toQueryError(query.name, cause);
    }
  };
  return {
    async insertBlocks(table, file, token) {
      checkOpen();
      const columns = blockTables[table].map(({ name }) => name).join(", ");
      try {
        await access(file);
        await hosts.run(async (client) =>
          readText(
            await client.exec({
              query: `INSERT INTO ${table} (${columns}) FORMAT Native`,
              clickhouse_settings: {
                ...inserts,
                ...blockInsertSettings,
                insert_deduplication_token: token,
              },
              values: createReadStream(file),
            }),
          ),
        );
      } catch (cause) {
        throw cause instanceof StorageError ? cause : toInsertError(table, cause);
      }
    },

    async insertRows(table, rows) {
      checkOpen();
      if (rows.length === 0) return;
      try {
        await hosts.run((client) =>
          client.insert({
            table,
            values: rows,
            format: "JSONEachRow",
            clickhouse_settings: inserts,
          }),
        );
      } catch (cause) {
        throw cause instanceof StorageError ? cause : toInsertError(table, cause);
      }
    },

    select,
  };
}

async function readText({ stream }: { readonly stream: Readable }): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    text += chunk;
    if (text.length > resultCharactersMax)
      throw new StorageError("QUERY_LIMIT", `a result of over ${resultCharactersMax} characters`);
  }
  return text;
}

async function readPieces({ stream }: { readonly stream: Readable }): Promise<Pieces> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > resultCharactersMax)
      throw new StorageError("QUERY_LIMIT", `a result of over ${resultCharactersMax} bytes`);
  }
  return pieces;
}
