import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Session } from "chdb";
import { blockTables } from "../block-tables.ts";
import { migrate } from "../migrate.ts";
import type { StoreCalls } from "../store-calls.ts";
import { checkParameters } from "./check-parameters.ts";
import { quoteString, toParameterSettings } from "./parameter-settings.ts";
import { SessionPool } from "./session-pool.ts";
import { toInsertError, toQueryError } from "./to-storage-error.ts";

export interface EngineOptions {
  /** Absolute. Created when missing; one process at a time may hold it. */
  readonly folder: string;
  readonly retentionDays: number;
  /** What ClickHouse may hold in all. What would pass it fails; the process lives. */
  readonly memoryBytesMax: number;
  readonly queryDurationMsMax: number;
  readonly queryRowsMax: number;
}

/** chDB runs each call on a thread of libuv's pool, which has four: an insert and three queries. */
const querySessionsMax = 3;

const resultBytesMax = 256 * 1024 * 1024;

/** ClickHouse in this process, over the data in a folder. */
export interface Engine extends StoreCalls {
  /** Lets go of the folder once calls under way have ended. */
  close(): void;
}

/** Takes the folder and migrates it. Throws when another process holds it. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  mkdirSync(options.folder, { recursive: true });
  const sessions = openSessions(options);
  const [insertSession, ...querySessions] = sessions;
  // From here on the folder is ours, and with it what a killed process left.
  const incoming = join(options.folder, "incoming");
  rmSync(incoming, { recursive: true, force: true });
  mkdirSync(incoming);

  const inserts = new SessionPool([insertSession]);
  await inserts.run(insertSettings);
  await migrate({
    home: "embedded",
    retentionDays: options.retentionDays,
    run: (sql) => inserts.run(sql),
  });
  for (const session of querySessions) await session.queryAsync(toQuerySettings(options));
  const queries = new SessionPool(querySessions);
  let lastFile = 0;

  return {
    async insertBlocks(table, file, token) {
      const sql = `
        INSERT INTO ${table} (${blockTables[table].map(({ name }) => name).join(", ")})
        FROM INFILE ${quoteString(file)}
        SETTINGS insert_deduplication_token = ${quoteString(token)}
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

    async selectText(shape, query, parameters) {
      checkParameters(query, parameters);
      const format = shape === "rows" ? "JSONEachRow" : "JSONColumns";
      // readonly refuses log_comment, so a comment names the query in system.processes.
      const sql = `/* ${query.name} */ ${query.sql} FORMAT ${format}`;
      return queries
        .run(toParameterSettings(parameters) + sql)
        .catch((cause) => Promise.reject(toQueryError(query.name, cause)));
    },

    close() {
      for (const session of sessions) session.close();
    },
  };
}

/** The first session of a process fixes the limits of the server in it. */
function openSessions({ folder, memoryBytesMax }: EngineOptions): [Session, ...Session[]] {
  const data = join(folder, "clickhouse");
  const cacheBytes = Math.round(memoryBytesMax / 24);
  const first = new Session(data, {
    connectionArgs: [
      `--max_server_memory_usage=${memoryBytesMax}`,
      `--mark_cache_size=${cacheBytes}`,
      `--index_mark_cache_size=${cacheBytes}`,
      `--primary_index_cache_size=${cacheBytes}`,
      `--query_condition_cache_size=${cacheBytes}`,
      `--compiled_expression_cache_size=${cacheBytes}`,
      "--background_pool_size=2",
    ],
  });
  const others = Array.from({ length: querySessionsMax }, () => new Session(data));
  return [first, ...others];
}

/**
 * One file becomes one block per partition, whatever blocks it holds: deduplication knows a block by the insert's
 * token and its place, so the places have to be the same when a file is replayed.
 */
const insertSettings = `
  SET async_insert = 0,
    insert_deduplicate = 1,
    deduplicate_blocks_in_dependent_materialized_views = 1,
    max_insert_threads = 1,
    input_format_parallel_parsing = 0,
    max_insert_block_size = 1000000000,
    min_insert_block_size_rows = 1000000000,
    min_insert_block_size_bytes = 0,
    input_format_native_allow_types_conversion = 1,
    input_format_skip_unknown_fields = 0`;

function toQuerySettings(options: EngineOptions): string {
  const memoryBytesMax = Math.round(options.memoryBytesMax / 2);
  const spillBytes = Math.round(memoryBytesMax / 2);
  return `
    SET max_execution_time = ${options.queryDurationMsMax / 1000},
      max_memory_usage = ${memoryBytesMax},
      max_bytes_before_external_group_by = ${spillBytes},
      max_bytes_before_external_sort = ${spillBytes},
      max_result_rows = ${options.queryRowsMax},
      max_result_bytes = ${resultBytesMax},
      output_format_json_quote_64bit_integers = 1,
      output_format_json_array_of_rows = 1,
      readonly = 1`;
}
