import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { zstdDecompressSync } from "node:zlib";
import { ClickHouseError } from "@clickhouse/client";
import { expect, test } from "vitest";
import { until } from "../../test/support/until.ts";
import { defaultRetention } from "../retention.ts";
import { Hosts } from "./hosts.ts";
import { openClusterStore } from "./open-cluster-store.ts";

/** A host is its name; what it answers is told by `failures`. */
function createHosts(names: readonly string[]) {
  const failures = new Map<string, Error>();
  const asked: string[] = [];
  const lines: string[] = [];
  let nowMs = 0;
  const hosts = new Hosts({
    clients: names.map((name) => ({ name, client: name })),
    now: () => nowMs,
    log: (line) => void lines.push(line),
  });
  const wait = (ms: number) => {
    nowMs += ms;
  };
  const ask = () =>
    hosts.run(async (name) => {
      asked.push(name);
      const failure = failures.get(name);
      if (failure !== undefined) throw failure;
      return name;
    });
  return { hosts, ask, asked, failures, lines, wait };
}

const gone = new Error("connect ECONNREFUSED");
const isReadOnly = new ClickHouseError({
  message: "read-only",
  code: "242",
  type: "TABLE_IS_READ_ONLY",
});
const isWrong = new ClickHouseError({ message: "syntax", code: "62", type: "SYNTAX_ERROR" });

test("hosts are asked in turn", async () => {
  const { ask } = createHosts(["a", "b", "c"]);
  expect([await ask(), await ask(), await ask(), await ask()]).toEqual(["a", "b", "c", "a"]);
});

test.each([
  ["can't be reached", gone],
  ["can't serve", isReadOnly],
])(
  "a host that %s is left alone for a time that doubles, and the next is asked",
  async (_, failure) => {
    const { ask, asked, failures, lines, wait } = createHosts(["a", "b"]);
    failures.set("a", failure);
    expect([await ask(), await ask(), await ask()]).toEqual(["b", "b", "b"]);
    expect(asked).toEqual(["a", "b", "b", "b"]);
    wait(200);
    expect([await ask(), await ask()]).toEqual(["b", "b"]);
    expect(lines.map((line) => line.match(/\d+ ms/)?.[0])).toEqual(["200 ms", "400 ms"]);
    failures.clear();
    wait(400);
    expect(new Set([await ask(), await ask()])).toEqual(new Set(["a", "b"]));
  },
);

test("a statement that a host refuses is not asked of another", async () => {
  const { ask, asked, failures, hosts } = createHosts(["a", "b"]);
  failures.set("a", isWrong);
  await expect(ask()).rejects.toBe(isWrong);
  expect(asked).toEqual(["a"]);
  expect(hosts.isReady).toBe(true);
});

test("a statement that timed out may still run, and is not repeated on another host", async () => {
  const { ask, asked, failures } = createHosts(["a", "b"]);
  failures.set("a", new Error("Timeout error."));
  await expect(ask()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(asked).toEqual(["a"]);
});

test("with no host left it is unavailable at once, until one may be asked again", async () => {
  const { ask, asked, failures, hosts, wait } = createHosts(["a", "b"]);
  failures.set("a", gone).set("b", gone);
  await expect(ask()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(hosts.isReady).toBe(false);
  await expect(ask()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(asked).toEqual(["a", "b"]);
  wait(200);
  expect(hosts.isReady).toBe(true);
});

test("a server that refuses the tables is asked again and said, without the password", async () => {
  const headers: string[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers.authorization ?? "");
    request.resume().on("end", () => {
      response.writeHead(400, { "X-ClickHouse-Exception-Code": "497" });
      response.end("Code: 497. DB::Exception: culprit: Not enough privileges. (ACCESS_DENIED)");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const lines: string[] = [];
  const store = openClusterStore({
    urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    database: "default",
    username: "culprit",
    password: "s3cret",
    cluster: "",
    retention: defaultRetention,
    onLog: (line) => void lines.push(line),
  });
  await until(() => lines.join().includes("Not enough privileges"));
  expect(lines.join()).not.toContain("s3cret");
  expect(store.isReady()).toBe(false);
  const call = store.select({ name: "one", sql: "SELECT 1" }, {});
  await expect(call).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await store.close();
  // On a busy machine it may have been asked again meanwhile.
  expect(new Set(headers)).toEqual(
    new Set([`Basic ${Buffer.from("culprit:s3cret").toString("base64")}`]),
  );
  server.closeAllConnections();
  server.close();
});

test("a file goes to a server compressed, with its token, and answers may be compressed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "culprit-hosts-"));
  const requests: { url: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  // It has nothing, and takes everything.
  const server = createServer(async (request, response) => {
    const { url = "", headers } = request;
    requests.push({ url, headers, body: await buffer(request) });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const store = openClusterStore({
    urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    database: "default",
    username: "default",
    password: "",
    cluster: "",
    retention: defaultRetention,
  });
  await until(() => store.isReady());
  const block = Buffer.alloc(100_000, "a block");
  await writeFile(join(folder, "a.native"), block);
  await store.insertBlocks("spans", join(folder, "a.native"), "token of a");
  const { url, headers, body } = requests.at(-1)!;
  expect(new URL(url, "http://localhost").searchParams.get("insert_deduplication_token")).toBe(
    "token of a",
  );
  expect(headers).toMatchObject({ "content-encoding": "zstd", "accept-encoding": "zstd" });
  expect(body.length).toBeLessThan(block.length / 10);
  expect(zstdDecompressSync(body).equals(block)).toBe(true);
  await store.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});
