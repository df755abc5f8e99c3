import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAgentProject, installOldestNode } from "../support/agent-project.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

let project: string;
let oldestNode: string;
let postgres: Postgres;
let sink: OtlpSink;
const nodes = () => ({ "Node 24": process.execPath, "Node 22.15": oldestNode });

beforeAll(async () => {
  [oldestNode, postgres, project] = await Promise.all([
    installOldestNode(),
    startPostgres(),
    createAgentProject(),
  ]);
});

afterAll(async () => {
  await postgres?.stop();
  if (project) await rm(project, { recursive: true, force: true });
});

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

interface AppOptions {
  /** Of Node, before the agent's name. */
  readonly flag?: string;
  readonly node?: string;
  readonly env?: Record<string, string>;
}

function startApp(
  file: string,
  { flag = "--require", node, env }: AppOptions = {},
): Promise<TracedApp> {
  return startTracedApp(join(project, file), {
    collectorUrl: sink.url,
    agent: [flag, "@culprit/agent"],
    cwd: project,
    node,
    env: {
      DATABASE_URL: postgres.url(),
      // Its spans come when the machine is busy, and here spans are counted.
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
      ...env,
    },
  });
}

const isQuery = ({ attributes }: DecodedSpan) => attributes["db.system.name"] === "postgresql";
const isClient = ({ attributes }: DecodedSpan) => attributes["url.full"] !== undefined;
const isServer = (span: DecodedSpan) =>
  span.attributes["url.path"] !== undefined && !isClient(span);
const hasServers = (count: number) => (spans: readonly DecodedSpan[]) =>
  spans.filter(isServer).length >= count;

async function lineOf(file: string, text: string): Promise<number> {
  const lines = (await readFile(join(project, file), "utf8")).split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

async function expectEvidence(file: string, path: keyof typeof paths): Promise<void> {
  const queries = sink.spans.filter(isQuery);
  const [one, two] = queries.map(({ attributes }) => attributes["culprit.params_hash"]);
  expect(queries.map(({ attributes }) => attributes["db.response.returned_rows"])).toEqual([
    1, 2, 1, 2, 1,
  ]);
  expect(queries.map(({ attributes }) => attributes["culprit.params_hash"])).toEqual([
    one,
    two,
    one,
    two,
    one,
  ]);
  expect(one).toMatch(/^[0-9a-f]{16}$/);
  expect(one).not.toBe(two);
  expect(sink.bodies.join()).not.toContain("private");

  const callSite = {
    path: join(project, file),
    line: await lineOf(file, "// the call site"),
    name: "findCustomer",
  };
  // The first time that a route runs a statement, and the third repeat; all from the third on.
  const told = path === "fast" ? [0, 2] : [2, 3, 4];
  for (const [i, { attributes }] of queries.entries()) {
    const site = {
      path: attributes["code.file.path"],
      line: attributes["code.line.number"],
      name: attributes["code.function.name"],
    };
    // On a busy machine a query may be slow: then the next one tells it, too.
    const isAfterSlow = i > 0 && queries[i - 1]!.endMs - queries[i - 1]!.startMs > 100;
    if (told.includes(i)) expect(site).toEqual(callSite);
    else if (!isAfterSlow) expect(site).toEqual({});
  }
}

/** The fast path, which is the default, and OpenTelemetry's SDK with contrib instrumentations. */
const paths = { fast: "", SDK: "off" } as const;
const runs = [
  ["Node 24", "fast"],
  ["Node 24", "SDK"],
  ["Node 22.15", "fast"],
  ["Node 22.15", "SDK"],
] as const;

describe.each(runs)("on %s, %s path", (version, path) => {
  const env = { CULPRIT_FAST_PATH: paths[path] };

  it("--require traces a CommonJS app, and adds evidence to its queries", async () => {
    const app = await startApp("orders.cjs", { node: nodes()[version], env });
    await app.get("/orders/5");
    await sink.waitFor(hasServers(1));
    await app.stop();

    const [server] = sink.spans.filter(isServer);
    expect(server?.attributes["http.route"]).toBe("/orders/:count");
    expect(server?.resource["service.name"]).toBe("orders-service");
    expect(sink.spans).toHaveLength(6);
    await expectEvidence("orders.cjs", path);
    expect(app.output()).not.toContain("Warning");
  });

  it("--import traces an ESM app, and adds evidence to its queries", async () => {
    const app = await startApp("orders.mjs", { flag: "--import", node: nodes()[version], env });
    await app.get("/orders/5");
    await sink.waitFor(hasServers(1));
    await app.stop();

    expect(sink.spans).toHaveLength(6);
    await expectEvidence("orders.mjs", path);
    expect(app.output()).not.toContain("Warning");
  });
});

describe.each(runs)("HTTP calls on %s, %s path", (version, path) => {
  it.each([
    ["--require", "wishlist.cjs"],
    ["--import", "wishlist.mjs"],
  ])("carry a hash, and by the rules their call site: %s %s", async (flag, file) => {
    const env = { CULPRIT_FAST_PATH: paths[path] };
    const app = await startApp(file, { flag, node: nodes()[version], env });
    await app.get("/wishlist/4");
    // Those of eight calls, and the request that made them.
    await sink.waitFor(hasServers(9));
    await app.stop();

    const calls = sink.spans.filter(isClient);
    const hashes = calls.map(({ attributes }) => attributes["culprit.params_hash"]);
    expect(new Set(hashes).size).toBe(8);
    expect(hashes.join()).toMatch(/^([0-9a-f]{16},?){8}$/);
    const answers = sink.spans.filter(isServer);
    expect(answers.some(({ attributes }) => "culprit.params_hash" in attributes)).toBe(false);
    const sites = calls
      .map(({ attributes }) => attributes)
      .filter((attributes) => attributes["code.file.path"] === join(project, file))
      .map((attributes) => `${attributes["code.function.name"]}:${attributes["code.line.number"]}`);
    const fetched = `fetchProduct:${await lineOf(file, "// the fetch")}`;
    const got = `getProduct:${await lineOf(file, "// the get")}`;
    expect(sites.sort()).toEqual([fetched, fetched, got, got]);
    expect(app.output()).not.toContain("Warning");
  });
});

describe("evidence", () => {
  it("a query that waits for a connection stays in the trace of its own request", async () => {
    const app = await startApp("orders.cjs", { env: { POOL_MAX: "1" } });
    await app.get("/orders/1");
    await Promise.all([3, 4, 5].map((count) => app.get(`/orders/${count}`)));
    await sink.waitFor(hasServers(4));
    await app.stop();

    const queriesIn = (traceId: string) =>
      sink.spans.filter((span) => isQuery(span) && span.traceId === traceId).length;
    const counted = sink.spans
      .filter(isServer)
      .map(({ traceId, attributes }) => `${attributes["url.path"]}: ${queriesIn(traceId)}`);
    expect(counted.sort()).toEqual([
      "/orders/1: 1",
      "/orders/3: 3",
      "/orders/4: 4",
      "/orders/5: 5",
    ]);
  });

  it("hashes are equal in processes that share a key, and differ in those that don't", async () => {
    const hashes: unknown[] = [];
    for (const key of ["one", "one", "other", ""]) {
      const from = sink.spans.length;
      const app = await startApp("orders.cjs", { env: { CULPRIT_PARAMS_KEY: key } });
      await app.get("/orders/1");
      await sink.waitFor((spans) => spans.slice(from).some(isServer));
      await app.stop();
      hashes.push(sink.spans.slice(from).find(isQuery)?.attributes["culprit.params_hash"]);
    }
    expect(hashes[0]).toBe(hashes[1]);
    expect(new Set(hashes).size).toBe(3);
  });
});
