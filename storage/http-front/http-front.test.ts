import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTimestamp, writeManySpans } from "../../test/support/span-file.ts";
import { until } from "../../test/support/until.ts";
import { type EmbeddedStore, openEmbeddedStore } from "../embedded/open-embedded-store.ts";
import { createHttpFront, type HttpFront } from "./http-front.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-front-"));
const secret = join(root, "secret.txt");
let store: EmbeddedStore;
let front: HttpFront;
let server: Server;
let url: string;

beforeAll(async () => {
  writeFileSync(secret, "the secret of this machine");
  store = await openEmbeddedStore({ folder: join(root, "store"), queryDurationMsMax: 5_000 });
  const file = join(root, "spans.native");
  await writeManySpans(file, { spans: 1_000 });
  await store.insertBlocks("spans", file, "spans");
  front = createHttpFront({
    execute: (statement) => store.engine.read(statement),
    hostsAllowed: new Set(["127.0.0.1"]),
  });
  server = createServer(front.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

const ask = (sql: string, search = "") => fetch(`${url}/?${search}`, { method: "POST", body: sql });

test("answers ClickHouse's own client: ping, parameters, settings, formats, streams, errors", async () => {
  const client = createClient({
    url,
    compression: { request: true, response: true },
    log: { level: ClickHouseLogLevel.OFF },
  });
  expect((await client.ping()).success).toBe(true);
  const found = await client.query({
    query: "SELECT count() AS c, {x:String} AS x FROM spans WHERE kind = {kind:UInt8}",
    query_params: { x: "it's\ta \\", kind: 2 },
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0, max_execution_time: 4 },
  });
  expect((await found.json()).data).toEqual([{ c: 100, x: "it's\ta \\" }]);
  const many = await client.query({
    query: "SELECT number FROM numbers(50000)",
    format: "JSONEachRow",
  });
  let rows = 0;
  for await (const chunk of many.stream()) rows += chunk.length;
  expect(rows).toBe(50_000);
  const unknown = client.query({ query: "SELECT * FROM nothing" });
  await expect(unknown).rejects.toMatchObject({ code: "60", type: "UNKNOWN_TABLE" });
  await client.close();
});

test("answers a dashboard that asks by GET, and one that asks with a compressed body", async () => {
  const sql = `SELECT intDiv(toUInt32(ts), 60) * 60000 AS t, count() AS c FROM spans
    WHERE ts >= toDateTime64('${toTimestamp(Date.now() - 3_600_000)}', 9, 'UTC') GROUP BY t ORDER BY t FORMAT JSON`;
  const byGet = await fetch(`${url}/?query=${encodeURIComponent(sql)}&add_http_cors_header=1`);
  expect(byGet.headers.get("content-type")).toBe("application/json; charset=UTF-8");
  expect(byGet.headers.get("x-clickhouse-format")).toBe("JSON");
  expect(JSON.parse(byGet.headers.get("x-clickhouse-summary")!)).toMatchObject({
    result_bytes: byGet.headers.get("content-length"),
  });
  const { data } = (await byGet.json()) as { data: { c: string }[] };
  expect(data.reduce((sum, { c }) => sum + Number(c), 0)).toBe(1_000);
  const compressed = await fetch(`${url}/`, {
    method: "POST",
    body: gzipSync("SELECT 'a', 1"),
    headers: { "Content-Encoding": "gzip" },
  });
  expect(await compressed.text()).toBe("a\t1\n");
});

test("a result is compressed for those who ask for it", async () => {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const asked = request(
      `${url}/?enable_http_compression=1&query=SELECT+1`,
      { headers: { "Accept-Encoding": "gzip" } },
      async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve(Buffer.concat(chunks));
      },
    );
    asked.on("error", reject).end();
  });
  expect(gunzipSync(bytes).toString()).toBe("1\n");
});

test("what a request sets is gone with the next", async () => {
  expect(await (await ask("SELECT {x:String}", "param_x=1&join_use_nulls=1")).text()).toBe("1\n");
  const next = await ask("SELECT {x:String}");
  expect(next.status).toBe(400);
  expect(await next.text()).toContain("UNKNOWN_QUERY_PARAMETER");
  const setting = await ask("SELECT getSetting('join_use_nulls')");
  expect(await setting.text()).toBe("false\n");
  const used = await ask("SELECT count() > 0 FROM tables", "database=system");
  expect(await used.text()).toBe("1\n");
  expect((await ask("SELECT count() FROM tables")).status).toBe(404);
});

const outfile = join(root, "outfile.txt");
const database = join(root, "planted.sqlite");

test.each([
  ["INSERT INTO watermarks SELECT 'a', now(), ''"],
  ["DROP TABLE spans"],
  ["ALTER TABLE spans DELETE WHERE 1"],
  ["CREATE TEMPORARY TABLE t (a UInt8)"],
  ["SYSTEM SHUTDOWN"],
  ["KILL QUERY WHERE 1"],
  ["BACKUP DATABASE default TO File('/tmp/backup')"],
  ["SET readonly = 0"],
  ["SELECT 1; DROP TABLE spans"],
  ["SELECT 1 SETTINGS readonly = 0"],
  [`SELECT 1 INTO OUTFILE '${outfile}'`],
  [`SELECT '/*' INTO/**/OUTFILE '${outfile}' -- */'`],
  [`SELECT * FROM file('${secret}', LineAsString)`],
  [`SELECT file('${secret}')`],
  [`SELECT \`file\` ('${secret}')`],
  [`SELECT arrayMap(x -> FILE(x), ['${secret}'])`],
  [`SELECT * APPLY file FROM (SELECT '${secret}')`],
  [`SELECT COLUMNS('.*') APPLY(file) FROM (SELECT '${secret}' AS a)`],
  [`SELECT * FROM sqlite('${database}', 't')`],
  [`DESCRIBE TABLE file('${secret}', LineAsString)`],
  [`EXPLAIN SELECT file('${secret}')`],
  [`WITH (SELECT file('${secret}')) AS s SELECT s`],
  [`SELECT * FROM eval('SELECT file(''${secret}'')')`],
  [`SELECT catboostEvaluate('${secret}', 1)`],
  ["SELECT * FROM url('http://127.0.0.1:1/', LineAsString)"],
  ["SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV')"],
  ["SELECT * FROM remote('127.0.0.1:1', system, one)"],
  ["SELECT * FROM executable('id', TSV, 'a String')"],
  ["SELECT 1 /* a */ ; /* b */ SELECT 2"],
])("refuses what does more than read our tables: %s", async (sql) => {
  const response = await ask(sql);
  const text = await response.text();
  expect(response.status, text).toBeGreaterThanOrEqual(400);
  expect(response.status, text).toBeLessThan(500);
  expect(text).toMatch(/^Code: \d+\. DB::Exception: /);
  expect(text).not.toContain("the secret");
  expect(existsSync(outfile) || existsSync(database)).toBe(false);
  expect(await (await ask("SELECT count() FROM spans")).text()).toBe("1000\n");
});

test("functions of ClickHouse that only make rows, and words in strings, are let through", async () => {
  const sql = `SELECT count(), 'url(file(' FROM numbers(3) -- the file(x) of a comment`;
  expect(await (await ask(sql)).text()).toBe("3\turl(file(\n");
  expect((await ask("SHOW TABLES")).status).toBe(200);
  expect((await ask("DESCRIBE TABLE spans")).status).toBe(200);
});

test.each([
  ["max_memory_usage=0", 403],
  ["format_schema=/etc/passwd:X", 403],
  ["output_format_schema=/tmp/x", 403],
  ["allow_ddl=1", 403],
  ["session_id=1", 501],
  ["compress=1", 501],
  ["client_protocol_version=54460", 501],
  ["x%27%3B=1", 400],
])("refuses a setting that is not for readers: %s", async (search, status) => {
  const response = await ask("SELECT 1", search);
  expect(response.status).toBe(status);
});

test("a limit may be lowered and not raised, and a query that passes one is stopped", async () => {
  const settings = "SELECT getSetting('max_result_rows'), getSetting('max_threads')";
  const raised = await ask(settings, "max_result_rows=0&max_threads=99&readonly=0");
  expect(await raised.text()).toBe("100000\t2\n");
  expect(await (await ask(settings, "max_result_rows=7")).text()).toBe("7\t2\n");
  const long = await ask("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 0");
  expect(long.status).toBe(408);
  const large = await ask("SELECT number FROM numbers(200000)");
  expect(await large.text()).toContain("TOO_MANY_ROWS");
});

test("a statement that is too large, or rows, are refused before they run", async () => {
  const { statements, refused } = front.stats();
  const large = await ask(`SELECT '${"x".repeat(300_000)}'`);
  expect(large.status).toBe(413);
  const bomb = await fetch(url, {
    method: "POST",
    body: gzipSync(Buffer.alloc(50_000_000, " ")),
    headers: { "Content-Encoding": "gzip" },
  });
  expect(bomb.status).toBe(413);
  const rows = await ask("1\tx", "query=INSERT+INTO+watermarks+FORMAT+TSV");
  expect(rows.status).toBe(403);
  expect(front.stats()).toMatchObject({ statements, refused: refused + 3 });
});

test("two run at a time, some wait, the rest is refused; then it answers again", async () => {
  const gate = Promise.withResolvers<void>();
  const busy = createHttpFront({
    execute: async (statement) => {
      await gate.promise;
      return store.engine.read(statement);
    },
  });
  const busyServer = createServer(busy.handle);
  await new Promise<void>((resolve) => busyServer.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(busyServer.address() as AddressInfo).port}`;
  const statusOf = async () => (await fetch(address, { method: "POST", body: "SELECT 1" })).status;
  const answers = Array.from({ length: 30 }, statusOf);
  await until(() => busy.stats().refused === 12);
  expect(busy.stats().statements).toBe(2);
  gate.resolve();
  const count = Map.groupBy(await Promise.all(answers), (status) => status);
  expect([...count].map(([status, { length }]) => [status, length]).sort()).toEqual([
    [200, 18],
    [429, 12],
  ]);
  expect(await statusOf()).toBe(200);
  busyServer.closeAllConnections();
  busyServer.close();
});

test("with a password only those who send it are answered, in each of ClickHouse's ways", async () => {
  const guarded = createHttpFront({ execute: async () => Buffer.from("1\n"), password: "t0ken" });
  const guardedServer = createServer(guarded.handle);
  await new Promise<void>((resolve) => guardedServer.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(guardedServer.address() as AddressInfo).port}/?query=SELECT+1`;
  const statusOf = async (search: string, headers: Record<string, string> = {}) =>
    (await fetch(address + search, { headers })).status;
  const basic = (text: string) => ({
    Authorization: `Basic ${Buffer.from(text).toString("base64")}`,
  });
  expect(await statusOf("")).toBe(403);
  expect(await statusOf("&password=wrong")).toBe(403);
  expect(await statusOf("", basic("default:wrong"))).toBe(403);
  expect(await statusOf("&password=t0ken")).toBe(200);
  expect(await statusOf("", basic("default:t0ken"))).toBe(200);
  expect(await statusOf("", { "X-ClickHouse-User": "a", "X-ClickHouse-Key": "t0ken" })).toBe(200);
  guardedServer.closeAllConnections();
  guardedServer.close();
});

test("a browser's page, and another host's name, are refused", async () => {
  const page = await fetch(`${url}/?query=SELECT+1`, {
    headers: { Origin: "http://evil.example" },
  });
  expect(page.status).toBe(403);
  const status = await new Promise((resolve) => {
    request(`${url}/?query=SELECT+1`, { headers: { Host: "evil.example" } }, (response) =>
      resolve(response.statusCode),
    ).end();
  });
  expect(status).toBe(403);
});

test("while ClickHouse is away it says so, and when it is back it answers", async () => {
  process.kill(store.childPid()!, "SIGKILL");
  await expect.poll(() => store.isReady(), { interval: 5 }).toBe(false);
  const away = await ask("SELECT 1");
  expect(away.status).toBe(503);
  expect(await away.text()).toContain("Code: 210");
  await expect.poll(async () => (await ask("SELECT 1")).status).toBe(200);
});
