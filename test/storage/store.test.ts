import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openClusterStore } from "../../storage/cluster/open-cluster-store.ts";
import { openEmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import type { OpenedStore } from "../../storage/opened-store.ts";
import { deliveriesQuery } from "../../storage/queries/deliveries.ts";
import { type StoredCountsRow, storedCountsQuery } from "../../storage/queries/stored-counts.ts";
import { watermarkQuery } from "../../storage/queries/watermark.ts";
import { defaultRetention } from "../../storage/retention.ts";
import { writeManySpans } from "../support/span-file.ts";
import { patienceMs, until } from "../support/until.ts";
import { type ClickHouseServer, startClickHouseServer } from "./start-clickhouse-server.ts";

/**
 * What `storage/store.ts` promises, asked of both homes. The cluster home speaks to one chDB over ClickHouse's HTTP
 * protocol: that shows client, protocol, settings and errors. It does not show replicas, shards or Keeper.
 */
interface Home {
  readonly store: OpenedStore;
  /** Takes ClickHouse away, and lets it come back. */
  interrupt(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

// Long enough for a machine that does other work as well.
const limits = { queryDurationMsMax: 5_000, queryRowsMax: 1_000 };

async function openEmbeddedHome(root: string): Promise<Home> {
  const store = await openEmbeddedStore({
    folder: join(root, "embedded"),
    memoryBytesMax: 600_000_000,
    ...limits,
  });
  return {
    store,
    // It comes back by itself.
    interrupt: async () => {
      process.kill(store.childPid()!, "SIGKILL");
      await until(() => !store.isReady());
      return async () => undefined;
    },
    close: () => store.close(),
  };
}

async function openClusterHome(root: string): Promise<Home> {
  const folder = join(root, "server");
  let server: ClickHouseServer = await startClickHouseServer(folder);
  const { port } = server;
  const store = openClusterStore({
    urls: [server.url],
    database: "default",
    username: "default",
    password: "",
    cluster: "",
    retention: defaultRetention,
    queryMemoryBytesMax: 300_000_000,
    ...limits,
  });
  await until(() => store.isReady());
  return {
    store,
    interrupt: async () => {
      await server.kill();
      return async () => {
        server = await startClickHouseServer(folder, port);
      };
    },
    close: async () => {
      await store.close();
      await server.kill();
    },
  };
}

const homes = [
  ["embedded", openEmbeddedHome],
  ["cluster", openClusterHome],
] as const;

/** A home of its own for the tests of a block. */
function useHome(openHome: (root: string) => Promise<Home>) {
  const root = mkdtempSync(join(tmpdir(), "culprit-store-"));
  let home: Home | undefined;

  beforeAll(async () => {
    home = await openHome(root);
  });

  afterAll(async () => {
    await home?.close();
    rmSync(root, { recursive: true, force: true });
  });

  return { root, home: () => home!, store: () => home!.store };
}

async function countStored(store: OpenedStore): Promise<StoredCountsRow> {
  const [row] = await store.select<StoredCountsRow>(storedCountsQuery, {});
  return row!;
}

/** Spans of traces of ten. */
async function spanFile(root: string, name: string, spans: number): Promise<string> {
  const file = join(root, `${name}.native`);
  await writeManySpans(file, { spans });
  return file;
}

describe.each(homes)("what is written to the %s store", (_, openHome) => {
  const { root, store } = useHome(openHome);

  test("stores a file once for equal tokens, and in every table that a view fills", async () => {
    const file = await spanFile(root, "once", 300);
    await store().insertBlocks("spans", file, "it's \\ once");
    await store().insertBlocks("spans", file, "it's \\ once");
    expect(await countStored(store())).toEqual({
      spans: 300,
      opsSpans: 300,
      traceSpans: 300,
      traceIds: 30,
      tracesTraceIds: 30,
      arrivalsTraceIds: 30,
    });
    await Promise.all(
      ["two", "two", "two"].map((token) => store().insertBlocks("spans", file, token)),
    );
    expect(await countStored(store())).toMatchObject({
      spans: 600,
      opsSpans: 600,
      traceSpans: 600,
    });
  });

  test("a file that holds no blocks, or that is not there, is refused and changes nothing", async () => {
    const before = await countStored(store());
    const file = join(root, "broken.native");
    writeFileSync(file, "not a block");
    const refused = { code: "INSERT_FAILED" };
    await expect(store().insertBlocks("spans", file, "broken")).rejects.toMatchObject(refused);
    await expect(store().insertBlocks("spans", join(root, "none"), "a")).rejects.toMatchObject(
      refused,
    );
    expect(await countStored(store())).toEqual(before);
  });

  test("rows and parameters are read back as they were, whatever is in them", async () => {
    const reason =
      "a\n\nINSERT INTO watermarks SELECT 'x', now(), '';\n\n'\"\\ \u2028 \t é 😀 {a:String}";
    const fingerprint = "f".repeat(32);
    const at = Date.now();
    const row = { fingerprint, channel: "slack", at, outcome: "sent", attempt: 2, reason };
    await store().insertRows("deliveries", [row]);
    await store().insertRows("deliveries", []);
    const found = await store().select(deliveriesQuery, { deliveriesMax: 10 });
    expect(found).toMatchObject([{ atMs: at, attempt: 2, reason }]);
    const echo = {
      name: "echo",
      sql: "SELECT {s:String} AS s, {n:Int64} AS n, {i:UInt32} AS i, {a:Array(String)} AS a",
    };
    const a = [reason, "", "'", "\\"];
    expect(await store().select(echo, { s: reason, n: -5, i: 7, a })).toEqual([
      { s: reason, n: "-5", i: 7, a },
    ]);
  });

  test("a row with a column that the table lacks is refused", async () => {
    const rows = [{ name: "a", at: 1, value: "", colour: "red" }];
    await expect(store().insertRows("watermarks", rows)).rejects.toMatchObject({
      code: "INSERT_FAILED",
    });
  });
});

describe.each(homes)("queries of the %s store", (_, openHome) => {
  const { store } = useHome(openHome);

  test("nothing found is an empty array, or no row", async () => {
    expect(await store().select(watermarkQuery, { name: "nobody's" })).toEqual([]);
    const none = { name: "none", sql: "SELECT number FROM numbers(0)" };
    expect(await store().selectNative(none, {})).toMatchObject({ rows: 0 });
  });

  test("a parameter that is not given is an error, not the value of an earlier query", async () => {
    const query = { name: "echo", sql: "SELECT {x:String} AS x" };
    expect(await store().select(query, { x: "mine" })).toEqual([{ x: "mine" }]);
    await expect(store().select(query, {})).rejects.toThrow("query echo needs the parameter x");
  });

  test.each([
    ["INSERT INTO watermarks SELECT 'a', now(), ''"],
    ["SELECT * FROM file('/etc/hostname', LineAsString)"],
    ["SELECT 1; DROP TABLE spans; SELECT 1"],
    ["SELECT nothing FROM spans"],
    ["SELEC 1"],
  ])("a query that is none, or does more than read our tables, fails: %s", async (sql) => {
    const before = await countStored(store());
    await expect(store().select({ name: "hostile", sql }, {})).rejects.toMatchObject({
      code: "QUERY_FAILED",
    });
    expect(await countStored(store())).toEqual(before);
  });

  test.each([
    ["rows", "SELECT number FROM numbers(1001)"],
    ["time", "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 0"],
    ["memory", "SELECT groupArray(number) AS n FROM numbers(100000000) HAVING length(n) = 0"],
  ])("a query that passes the limit of %s is stopped, and the next is answered", async (_, sql) => {
    await expect(store().select({ name: "large", sql }, {})).rejects.toMatchObject({
      code: "QUERY_LIMIT",
    });
    expect(await store().select({ name: "one", sql: "SELECT 1 AS one" }, {})).toEqual([{ one: 1 }]);
  });

  test("a query that fails half-way gives an error, and no rows", async () => {
    const sql = "SELECT number FROM numbers(900) UNION ALL SELECT throwIf(sleep(0.05) = 0)";
    await expect(store().select({ name: "half", sql }, {})).rejects.toMatchObject({
      code: "QUERY_FAILED",
    });
  });

  test("many calls side by side get each their own result", async () => {
    const query = { name: "echo", sql: "SELECT {x:UInt32} AS x" };
    const results = Array.from({ length: 12 }, (_, x) => store().select(query, { x }));
    expect(await Promise.all(results)).toEqual(Array.from({ length: 12 }, (_, x) => [{ x }]));
  });
});

describe.each(homes)("the %s store", (_, openHome) => {
  const { root, home, store } = useHome(openHome);

  test("away, it rejects with STORE_UNAVAILABLE; back, a repeated file is stored once", async () => {
    const file = await spanFile(root, "again", 200);
    const before = await countStored(store());
    await store().insertBlocks("spans", file, "again");
    const comeBack = await home().interrupt();
    const away = { code: "STORE_UNAVAILABLE" };
    await expect(store().select(storedCountsQuery, {})).rejects.toMatchObject(away);
    await expect(store().insertBlocks("spans", file, "again")).rejects.toMatchObject(away);
    expect(store().isReady()).toBe(false);
    await comeBack();
    await vi.waitFor(() => store().insertBlocks("spans", file, "again"), {
      timeout: patienceMs,
      interval: 100,
    });
    expect(await countStored(store())).toMatchObject({
      spans: before.spans + 200,
      opsSpans: before.opsSpans + 200,
      traceSpans: before.traceSpans + 200,
    });
    const arrived = "SELECT toFloat64(sum(trace_arrivals.spans)) AS spans FROM trace_arrivals";
    expect(await store().select({ name: "arrived", sql: arrived }, {})).toEqual([
      { spans: before.spans + 200 },
    ]);
    expect(store().isReady()).toBe(true);
    expect(store().stats()).toMatchObject({ rowInsertFailures: 0, queryFailures: 1 });
  });

  test("closed, it answers nothing", async () => {
    await store().close();
    await expect(store().select(storedCountsQuery, {})).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect(store().isReady()).toBe(false);
  });
});
