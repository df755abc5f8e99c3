import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mendDeduplicationLogs } from "./mend-deduplication-logs.ts";

/** A day a part, as our tables; `sums` is filled by a view of `points`. */
const tables = [
  `CREATE TABLE points (day UInt8, n UInt8) ENGINE = MergeTree PARTITION BY day ORDER BY n
    SETTINGS non_replicated_deduplication_window = 100`,
  `CREATE TABLE sums (n UInt8, count UInt64) ENGINE = SummingMergeTree ORDER BY n
    SETTINGS non_replicated_deduplication_window = 100`,
  "CREATE MATERIALIZED VIEW sums_view TO sums AS SELECT n, 1 AS count FROM points",
  "CREATE TABLE plain (n UInt8) ENGINE = MergeTree ORDER BY n",
];

let root: string;
let session: Session;
const logged: string[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "culprit-mend-"));
  session = new Session(join(root, "clickhouse"));
  logged.length = 0;
  for (const sql of tables) await run(sql);
});

afterEach(() => {
  session.close();
  rmSync(root, { recursive: true, force: true });
});

async function run(sql: string): Promise<string> {
  return (await session.queryAsync(sql)).text();
}

const mend = () => mendDeduplicationLogs({ run, log: (message) => logged.push(message) });

async function insert(token: string, values: string): Promise<void> {
  await run(`INSERT INTO points SETTINGS insert_deduplication_token = '${token}', insert_deduplicate = 1, optimize_on_insert = 0,
    deduplicate_blocks_in_dependent_materialized_views = 1 VALUES ${values}`);
}

const read = async (table: string) =>
  JSON.parse(
    await run(`SELECT arraySort(groupArray(n)) FROM ${table} FORMAT JSONCompactEachRow`),
  )[0].map(Number) as number[];

async function folderOf(table: string): Promise<string> {
  const path = await run(
    `SELECT data_paths[1] FROM system.tables WHERE name = '${table}' FORMAT TSVRaw`,
  );
  return path.trim();
}

/** What a kill between the log and the rename leaves: the table is loaded without the part, and its log has the block. */
async function losePart(table: string, part: string): Promise<void> {
  const folder = await folderOf(table);
  await run(`DETACH TABLE ${table}`);
  rmSync(join(folder, part), { recursive: true });
  await run(`ATTACH TABLE ${table}`);
}

const logOf = async (table: string) =>
  join(await folderOf(table), "deduplication_logs", "deduplication_log_1.txt");

describe("a block that was announced and not stored", () => {
  test("is taken for a repeat by ClickHouse as it is", async () => {
    await insert("a", "(1, 1)");
    await losePart("sums", "all_1_1_0");
    await insert("a", "(1, 1)");
    expect(await read("sums")).toEqual([]);
  });

  test("is stored when its file is replayed, in the table that lacks it alone", async () => {
    await insert("a", "(1, 1)");
    await insert("b", "(1, 2)");
    await losePart("sums", "all_2_2_0");
    expect(await mend()).toBe(1);
    expect(logged).toEqual([expect.stringContaining("sums: 1 blocks")]);
    await insert("a", "(1, 1)");
    await insert("b", "(1, 2)");
    expect(await read("points")).toEqual([1, 2]);
    expect(await read("sums")).toEqual([1, 2]);
  });

  test("is stored in each partition that lacks it", async () => {
    await insert("a", "(1, 1), (2, 2), (3, 3)");
    await losePart("points", "2_2_2_0");
    await losePart("points", "3_3_3_0");
    expect(await mend()).toBe(2);
    await insert("a", "(1, 1), (2, 2), (3, 3)");
    expect(await read("points")).toEqual([1, 2, 3]);
    expect(await read("sums")).toEqual([1, 2, 3]);
  });

  test("is stored once, however often the start is repeated", async () => {
    await insert("a", "(1, 1)");
    await losePart("points", "1_1_1_0");
    expect(await mend()).toBe(1);
    expect(await mend()).toBe(0);
    await insert("a", "(1, 1)");
    await insert("a", "(1, 1)");
    expect(await mend()).toBe(0);
    expect(await read("points")).toEqual([1]);
  });
});

describe("a block that is stored stays known", () => {
  test("when its part was merged", async () => {
    await insert("a", "(1, 1)");
    await insert("b", "(1, 2)");
    await run("OPTIMIZE TABLE points FINAL");
    const folder = await folderOf("points");
    await run("DETACH TABLE points");
    for (const part of ["1_1_1_0", "1_2_2_0"]) {
      rmSync(join(folder, part), { recursive: true, force: true });
    }
    await run("ATTACH TABLE points");
    expect(readdirSync(folder)).toContain("1_1_2_1");
    expect(await mend()).toBe(0);
    await insert("a", "(1, 1)");
    expect(await read("points")).toEqual([1, 2]);
  });

  test("when its partition was dropped, it is forgotten by ClickHouse itself", async () => {
    await insert("a", "(1, 1), (2, 2)");
    await run("ALTER TABLE points DROP PARTITION 1");
    expect(await mend()).toBe(0);
    expect(logged).toEqual([]);
  });
});

test("a line that was cut off by a power cut is taken away, and what comes behind it is read", async () => {
  await insert("a", "(1, 1)");
  const log = await logOf("points");
  await run("DETACH TABLE points");
  appendFileSync(log, "1\t1_9_9");
  await run("ATTACH TABLE points");
  expect(await mend()).toBe(0);
  await insert("b", "(1, 2)");
  const lines = readFileSync(log, "utf8").split("\n");
  expect(lines.map((line) => line.split("\t").length)).toEqual([3, 3, 1]);
  await run("DETACH TABLE points");
  await run("ATTACH TABLE points");
  await insert("a", "(1, 1)");
  await insert("b", "(1, 2)");
  expect(await read("points")).toEqual([1, 2]);
});
