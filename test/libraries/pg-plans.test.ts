import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCulpritProcess } from "../support/culprit-process.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { until } from "../support/until.ts";
import { type PostgresWithItems, startPostgresWithItems } from "./postgres-items.ts";
import { librarySets, moduleSystems, startApp } from "./run-library.ts";

interface StoredLog {
  readonly eventName: string;
  readonly spanId: string;
}

let postgres: PostgresWithItems;
let client: Client;
let sink: OtlpSink;
let app: Awaited<ReturnType<typeof startApp>>;

beforeAll(async () => {
  postgres = await startPostgresWithItems();
  client = new Client(postgres.url());
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await postgres?.stop();
});

beforeEach(async () => {
  await client.query("DROP TABLE IF EXISTS audit");
  await client.query("CREATE TABLE audit (id int)");
  sink = await startOtlpSink();
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

const get = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${app.port}${path}`);
  await response.arrayBuffer();
  expect(response.status).toBe(200);
};
const audited = async () => (await client.query("SELECT id FROM audit ORDER BY id")).rows;
const ownConnections = async () =>
  (await client.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'culprit'"))
    .rowCount;

describe.each(librarySets)("pg, %s", (set) => {
  it.each(moduleSystems)(
    "with CULPRIT_PLANS has the plan of a slow statement, once, in its trace, as %s",
    async (modules) => {
      const env = { ...postgres.env, CULPRIT_PLANS: "on", OTEL_METRICS_EXPORTER: "none" };
      app = await startApp({ library: "pg-slow", set, modules, env, collectorUrl: sink.url });
      // On a busy machine another statement may be slow first: there is one plan in ten seconds.
      const ofSelect = () =>
        sink.logs.filter(({ attributes }) => attributes["db.query.summary"] === "SELECT items");
      let requests = 0;
      const ask = async () => {
        requests += 1;
        await get(`/slow/${requests}`);
      };
      await until(async () => {
        await ask();
        return ofSelect().length > 0;
      });
      await ask();
      await ask();

      const [plan, ...more] = ofSelect();
      expect(more).toEqual([]);
      const isPlanned = ({ name, traceId }: { name: string; traceId: string }) =>
        name === "SELECT items" && traceId === plan?.traceId;
      await sink.waitFor((spans) => spans.some(isPlanned));
      expect(plan).toMatchObject({
        eventName: "culprit.query_plan",
        attributes: {
          "db.system.name": "postgresql",
          "db.namespace": "postgres",
          "server.port": postgres.port,
          "db.query.summary": "SELECT items",
        },
      });
      expect(plan?.body).toMatch(/^SELECT items took \d+ ms; .*: Limit, .*Scan on items$/);
      const { Plans } = JSON.parse(String(plan?.attributes["culprit.plan.json"]));
      expect(JSON.stringify(Plans)).toContain('"Relation Name":"items"');
      expect(JSON.stringify(sink.logs) + sink.bodies.join()).not.toContain("private");

      // The application's own transactions have all of what they wrote, and nothing of ours is left.
      expect(await audited()).toEqual(Array.from({ length: requests }, (_, i) => ({ id: i + 1 })));
      await until(async () => (await ownConnections()) === 0);
      expect(app.output()).not.toContain("Warning");
    },
  );
});

it("of several statements in one text none is run again, and that there is no plan is counted", async () => {
  const env = { ...postgres.env, CULPRIT_PLANS: "on" };
  const options = { library: "pg-slow", set: "newest", modules: "CommonJS" } as const;
  app = await startApp({ ...options, env, collectorUrl: sink.url });
  await get("/fail");
  await until(() => Buffer.concat(sink.metricBodies).includes("plan_failed"));
  expect(await audited()).toEqual([{ id: 0 }]);
  expect(sink.logs).toEqual([]);
  const isCall = ({ kind }: { kind: number }) => kind === 3;
  await sink.waitFor((spans) => spans.some(isCall));
  expect(sink.spans.find(isCall)?.attributes["db.operation.batch.size"]).toBe(2);
});

it("is among the logs of its trace in culprit, with the span of the call", async () => {
  const folder = await mkdtemp(join(tmpdir(), "culprit-plans-"));
  const culprit = await startCulpritProcess(folder);
  try {
    const env = { ...postgres.env, CULPRIT_PLANS: "on", CULPRIT_EVENT_LOOP_BLOCK_MS: "0" };
    const options = { library: "pg-slow", set: "newest", modules: "CommonJS" } as const;
    app = await startApp({ ...options, env, collectorUrl: culprit.url });
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const read = async (part: string) =>
      (await fetch(`${culprit.url}/api/v1/traces/${traceId}${part}`)).json();
    let logs: readonly StoredLog[] = [];
    // On a busy machine another statement may be slow first, which has no plan.
    await until(async () => {
      await app.get("/slow/1", headers);
      logs = ((await read("/logs")) as { logs?: StoredLog[] }).logs ?? [];
      return logs.length > 0;
    });
    expect(logs).toMatchObject([{ eventName: "culprit.query_plan" }]);
    const { spanId } = logs[0]!;
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    await until(async () => JSON.stringify(await read("")).includes(spanId));
  } finally {
    await app.stop();
    await culprit.process.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

it("without it the database is asked for no plan", async () => {
  const options = { library: "pg-slow", set: "newest", modules: "CommonJS" } as const;
  app = await startApp({ ...options, env: postgres.env, collectorUrl: sink.url });
  await get("/slow/1");
  await sink.waitFor((spans) => spans.some(({ kind }) => kind === 2));
  // At its end the agent's thread sends what it has.
  expect(await app.stop()).toBe("SIGTERM");
  expect(sink.logs).toEqual([]);
});
