import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Session } from "chdb";
import { blockTables } from "../block-tables.ts";
import { checkParameters } from "../check-parameters.ts";
import type { EngineCalls } from "../engine-calls.ts";
import { migrate } from "../migrate.ts";
import type { Retention } from "../retention.ts";
import {
  blockInsertSettings,
  insertSettings,
  type StatementSettings,
  toQuerySettings,
} from "../statement-settings.ts";
import { formats, type Pieces } from "../store-calls.ts";
import { toInsertError, toQueryError } from "../to-storage-error.ts";
import { mendDeduplicationLogs } from "./mend-deduplication-logs.ts";
import { quoteString, toParameterSettings } from "./parameter-settings.ts";
import { createReader } from "./reader.ts";
import { writeServerConfig } from "./server-config.ts";
import { SessionPool } from "./session-pool.ts";

export interface EngineOptions {
  /** Absolute. Created when missing; one process at a time may hold it. */
  readonly folder: string;
  readonly retention: Retention;
  /** False: the tables stay as the version that wrote them made them. */
  readonly migrates?: boolean;
  /** What ClickHouse may hold in all. What would pass it fails; the process lives. */
  readonly memoryBytesMax: number;
  readonly queryDurationMsMax: number;
  readonly queryRowsMax: number;
}

/** chDB runs each call on a thread of libuv's pool, which has four: an insert and three queries. */
const querySessionsMax = 3;

/** ClickHouse in this process, over the data in a folder. */
export interface Engine extends EngineCalls {
  /** Lets go of the folder once calls under way have ended. */
  close(): void;
}

/** Takes the folder, says so, and migrates it. Throws when another process holds it. */
export async function openEngine(
  options: EngineOptions,
  onHeld: () => void = () => undefined,
): Promise<Engine> {
  mkdirSync(options.folder, { recursive: true });
  const sessions = openSessions(options);
  const [insertSession, adminSession, ...querySessions] = sessions;
  // From here on the folder is ours, and with it what a killed process left.
  onHeld();
  const incoming = join(options.folder, "incoming");
  rmSync(incoming, { recursive: true, force: true });
  mkdirSync(incoming);

  const inserts = new SessionPool([insertSession]);
  await inserts.run(toSetStatement(insertSettings));
  await mendDeduplicationLogs({
    run: (sql) => inserts.run(sql),
    log: (message) => process.stderr.write(message),
  });
  if (options.migrates ?? true) {
    await migrate({
      deployment: { kind: "single" },
      retention: options.retention,
      isAlone: true,
      run: (sql) => inserts.run(sql),
    });
  }
  const limits = {
    durationMsMax: options.queryDurationMsMax,
    rowsMax: options.queryRowsMax,
    memoryBytesMax: Math.round(options.memoryBytesMax / 2),
  };
  for (const session of querySessions) {
    await session.queryAsync(toSetStatement({ ...toQuerySettings(limits), readonly: 1 }));
  }
  const queries = new SessionPool(querySessions);
  const admin = new SessionPool([adminSession]);
  const read = createReader({
    openSession: () => new Session(join(options.folder, "clickhouse")),
    durationMsMax: options.queryDurationMsMax,
    memoryBytesMax: Math.round(options.memoryBytesMax / 4),
  });
  let lastFile = 0;

  return {
    async insertBlocks(table, file, token) {
      const sql = `
        INSERT INTO ${table} (${blockTables[table].map(({ name }) => name).join(", ")})
        FROM INFILE ${quoteString(file)}
        SETTINGS insert_deduplication_token = ${quoteString(token)}, ${toAssignments(blockInsertSettings)}
        FORMAT Native`;
      await inserts.run(sql).catch((cause) => Promise.reject(toInsertError(table, cause)));
    },

    async insertRows(table, rows) {
      if (rows.length === 0) return;
      // By file, never in the statement: chDB ends inline data at a blank line and runs what follows.
      const file = join(incoming, `${++lastFile}.json`);
      writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n"));
      await inserts
        .run(`INSERT INTO ${table} FROM INFILE ${quoteString(file)} FORMAT JSONEachRow`)
        .catch((cause) => Promise.reject(toInsertError(table, cause)))
        .finally(() => rmSync(file, { force: true }));
    },

    async select(shape, query, parameters) {
      checkParameters(query, parameters);
      // readonly refuses log_comment, so a comment names the query in system.processes.
      const sql = `/* ${query.name} */ ${query.sql} FORMAT ${formats[shape]}`;
      const result = await queries
        .result(toParameterSettings(parameters) + sql)
        .catch((cause) => Promise.reject(toQueryError(query.name, cause)));
      return toPieces(result.bytes());
    },

    administer: (sql) => admin.run(sql),
    read,

    close() {
      for (const session of sessions) session.close();
    },
  };
}

/** A piece takes its reader's thread a fraction of a millisecond. */
const pieceBytesMax = 1024 * 1024;

function toPieces(bytes: Uint8Array): Pieces {
  const count = Math.max(1, Math.ceil(bytes.length / pieceBytesMax));
  return Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * pieceBytesMax, (i + 1) * pieceBytesMax),
  );
}

/** The first session of a process fixes the limits of the server in it. */
function openSessions({ folder, memoryBytesMax }: EngineOptions): [Session, Session, ...Session[]] {
  const data = join(folder, "clickhouse");
  const cacheBytes = Math.round(memoryBytesMax / 24);
  const first = new Session(data, {
    connectionArgs: [
      `--config-file=${writeServerConfig(folder)}`,
      `--max_server_memory_usage=${memoryBytesMax}`,
      `--mark_cache_size=${cacheBytes}`,
      `--index_mark_cache_size=${cacheBytes}`,
      `--primary_index_cache_size=${cacheBytes}`,
      `--query_condition_cache_size=${cacheBytes}`,
      `--compiled_expression_cache_size=${cacheBytes}`,
      "--background_pool_size=2",
    ],
  });
  const queries = Array.from({ length: querySessionsMax }, () => new Session(data));
  return [first, new Session(data), ...queries];
}

function toSetStatement(settings: StatementSettings): string {
  return `SET ${toAssignments(settings)}`;
}

function toAssignments(settings: StatementSettings): string {
  const all = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return all.join(", ");
}
