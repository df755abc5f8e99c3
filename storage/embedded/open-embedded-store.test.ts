import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTimestamp, writeManySpans, writeSpanFile } from "../../test/support/span-file.ts";
import { until } from "../../test/support/until.ts";
import { deliveriesQuery } from "../queries/deliveries.ts";
import { type StoredCountsRow, storedCountsQuery } from "../queries/stored-counts.ts";
import { watermarkQuery } from "../queries/watermark.ts";
import { type EmbeddedStore, openEmbeddedStore } from "./open-embedded-store.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-embedded-"));
const folder = join(root, "store");
let store: EmbeddedStore;

beforeAll(async () => {
  store = await openEmbeddedStore({
    folder,
    memoryBytesMax: 600_000_000,
    // Long enough for a machine that does other work as well.
    queryDurationMsMax: 5_000,
    queryRowsMax: 1_000,
  });
});

afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

async function countStored(): Promise<StoredCountsRow> {
  const [row] = await store.select<StoredCountsRow>(storedCountsQuery, {});
  return row!;
}

test("stores a file once for equal tokens, whatever number of blocks it holds", async () => {
  const files = ["a", "b", "c"].map((name) => join(root, `${name}.native`));
  for (const [seed, file] of files.entries()) await writeManySpans(file, { spans: 100, seed });
  const joined = join(root, "joined.native");
  writeFileSync(joined, Buffer.concat(files.map((file) => readFileSync(file))));

  await store.insertBlocks("spans", joined, "joined");
  await store.insertBlocks("spans", joined, "joined");
  expect(await countStored()).toEqual({
    spans: 300,
    opsSpans: 300,
    traceSpans: 300,
    traceIds: 30,
    tracesTraceIds: 30,
    arrivalsTraceIds: 30,
  });

  const parts = await store.select(
    {
      name: "parts",
      sql: `SELECT partition, count() AS parts FROM system.parts
        WHERE table = 'spans' AND active GROUP BY partition ORDER BY partition LIMIT 10`,
    },
    {},
  );
  expect(parts.every((row) => (row as { parts: string }).parts === "1")).toBe(true);

  await store.insertBlocks("spans", files[0]!, "once more, in another file");
  expect(await countStored()).toMatchObject({ spans: 400, opsSpans: 400, traceSpans: 400 });
});

test("what is inserted is compressed lightly, what merges make densely", async () => {
  const { administer } = store.engine;
  const codecs = () =>
    administer(`SELECT DISTINCT default_compression_codec FROM system.parts
      WHERE table = 'spans' AND active ORDER BY default_compression_codec LIMIT 10 FORMAT TSV`);
  await administer("SYSTEM STOP MERGES spans");
  const file = join(root, "compressed.native");
  await writeManySpans(file, { spans: 100, seed: 9 });
  await store.insertBlocks("spans", file, "compressed");
  expect(await codecs()).toContain("LZ4");
  await administer("SYSTEM START MERGES spans");
  // It does nothing while another merge has the parts.
  await until(async () => {
    await administer("OPTIMIZE TABLE spans FINAL");
    return (await codecs()) === "ZSTD(3)\n";
  });
});

test("a token or a file's name is text, never a part of the statement", async () => {
  const { spans } = await countStored();
  const file = join(root, "it's a \\ file.native");
  await writeSpanFile(file, [
    { trace_id: "0a".repeat(16), span_id: "0b".repeat(8), ts: toTimestamp(Date.now()) },
  ]);
  await store.insertBlocks("spans", file, "' FORMAT Native; DROP TABLE spans; \\");
  expect(await countStored()).toMatchObject({ spans: spans + 1 });
});

test("a file that is no span file is refused, and changes nothing", async () => {
  const before = await countStored();
  const file = join(root, "broken.native");
  writeFileSync(file, "not a block");
  await expect(store.insertBlocks("spans", file, "broken")).rejects.toMatchObject({
    code: "INSERT_FAILED",
  });
  await expect(store.insertBlocks("spans", join(root, "missing"), "missing")).rejects.toMatchObject(
    {
      code: "INSERT_FAILED",
    },
  );
  expect(await countStored()).toEqual(before);
});

test("rows are read back as they were written, blank lines and quotes in them too", async () => {
  const reason = "a\n\nINSERT INTO watermarks SELECT 'pwned', now(), '';\n\n'\"\\ \u2028 \0 é 😀";
  const fingerprint = "f".repeat(32);
  const at = Date.now();
  await store.insertRows("deliveries", [
    {
      fingerprint,
      channel: "slack",
      at,
      outcome: "failed",
      attempt: 1,
      reason,
    },
    { fingerprint, channel: "slack", at: at + 1, outcome: "sent", attempt: 2, reason },
  ]);
  expect(
    await store.select(deliveriesQuery, { fingerprints: [fingerprint], deliveriesMax: 10 }),
  ).toEqual([
    {
      fingerprint,
      channel: "slack",
      atMs: at + 1,
      outcome: "sent",
      attempt: 2,
      reason,
    },
  ]);
  expect(await store.select(watermarkQuery, { name: "pwned" })).toEqual([]);
  expect(readdirSync(join(folder, "incoming"))).toEqual([]);
});

test("a row with a column that the table lacks is refused", async () => {
  const rows = [{ name: "a", at: 1, value: "", colour: "red" }];
  await expect(store.insertRows("watermarks", rows)).rejects.toMatchObject({
    code: "INSERT_FAILED",
  });
  expect(readdirSync(join(folder, "incoming"))).toEqual([]);
});

test.each([
  ["INSERT INTO watermarks SELECT 'a', now(), ''"],
  ["SELECT * FROM file('/etc/hostname', LineAsString)"],
  ["SELECT * FROM url('http://127.0.0.1:1/', LineAsString)"],
  ["SELECT 1; DROP TABLE spans; SELECT 1"],
  ["SELECT 1 SETTINGS max_execution_time = 100"],
])("a query only reads our tables: %s", async (sql) => {
  const before = await countStored();
  await expect(store.select({ name: "hostile", sql }, {})).rejects.toMatchObject({
    code: "QUERY_FAILED",
  });
  expect(await countStored()).toEqual(before);
});

test("ClickHouse may hold what it is given, and keeps small caches and few threads for merges", async () => {
  const names = ["max_server_memory_usage", "mark_cache_size", "primary_index_cache_size"];
  const sql = `
    SELECT name, value FROM system.server_settings
    WHERE name IN ({names:Array(String)}) ORDER BY name LIMIT 10`;
  const query = { name: "server-settings", sql };
  expect(await store.select(query, { names: [...names, "background_pool_size"] })).toEqual([
    { name: "background_pool_size", value: "2" },
    { name: "mark_cache_size", value: "25000000" },
    { name: "max_server_memory_usage", value: "600000000" },
    { name: "primary_index_cache_size", value: "25000000" },
  ]);
});

test.each([
  ["rows", "SELECT number FROM numbers(1001)"],
  ["time", "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 0"],
  ["memory", "SELECT groupArray(number) AS n FROM numbers(100000000) HAVING length(n) = 0"],
])("a query that passes the limit of %s is stopped, and the store lives on", async (_, sql) => {
  const pid = store.childPid();
  await expect(store.select({ name: "large", sql }, {})).rejects.toMatchObject({
    code: "QUERY_LIMIT",
  });
  expect(await store.select({ name: "one", sql: "SELECT 1 AS one" }, {})).toEqual([{ one: 1 }]);
  expect(store.childPid()).toBe(pid);
});

test("nothing of a query that failed half-way is in the answers to the next", async () => {
  // Nine hundred rows come out before the one that throws.
  const failing = {
    name: "failing",
    sql: "SELECT number FROM numbers(900) UNION ALL SELECT throwIf(sleep(0.05) = 0)",
  };
  const one = { name: "one", sql: "SELECT 1 AS one" };
  for (let i = 0; i < 6; i++) {
    await expect(store.select(failing, {})).rejects.toMatchObject({ code: "QUERY_FAILED" });
    expect(await store.select(one, {})).toEqual([{ one: 1 }]);
  }
});

test("a parameter that is not given is an error, not the value of an earlier query", async () => {
  const query = { name: "echo", sql: "SELECT {x:String} AS x" };
  expect(await store.select(query, { x: "mine" })).toEqual([{ x: "mine" }]);
  await expect(store.select(query, {})).rejects.toThrow("query echo needs the parameter x");
});

test("more queries than sessions wait for their turn", async () => {
  const query = { name: "echo", sql: "SELECT {x:UInt32} AS x" };
  const results = Array.from({ length: 20 }, (_, x) => store.select(query, { x }));
  expect(await Promise.all(results)).toEqual(Array.from({ length: 20 }, (_, x) => [{ x }]));
});

test("what merges make is on disk before what it came from is deleted, and that is deleted soon", async () => {
  const settings = await store.select(
    {
      name: "merge-settings",
      sql: `SELECT name, value FROM system.merge_tree_settings
        WHERE name IN ('min_rows_to_fsync_after_merge', 'max_cleanup_delay_period') ORDER BY name LIMIT 10`,
    },
    {},
  );
  expect(settings).toEqual([
    { name: "max_cleanup_delay_period", value: "15" },
    { name: "min_rows_to_fsync_after_merge", value: "1" },
  ]);
});
