import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FindingsResponse } from "../../collector/api/responses.ts";
import { newSpanId, newTraceId } from "../conformance/otlp-client.ts";
import { startClickHouseServer } from "../storage/start-clickhouse-server.ts";
import { type OtlpSpan, toOtlpJson } from "../support/otlp-body.ts";
import { startNode } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** A collector, two analyzers that share the traces, and an API, each a process, on one ClickHouse. */
const main = join(import.meta.dirname, "../../dist/cli/main.js");
const started: (() => Promise<unknown>)[] = [];
const urls: Record<string, string> = {};

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), "culprit-roles-"));
  started.push(() => rm(root, { recursive: true, force: true }));
  const server = await startClickHouseServer(join(root, "server"));
  started.push(() => server.kill());
  const shares = { analyzer: "0/2", secondAnalyzer: "1/2" };
  for (const name of ["collector", "analyzer", "secondAnalyzer", "api"]) {
    const role = name === "secondAnalyzer" ? "analyzer" : name;
    const share = shares[name as keyof typeof shares];
    const ports = ["--port", "0", "--grpc-port", "off", "--data", join(root, name)];
    const args = [main, "start", "--role", role, "--clickhouse-url", server.url, ...ports];
    const culprit = await startNode({ args: share ? [...args, "--analyzer-share", share] : args });
    started.push(() => culprit.stop());
    urls[name] = (await culprit.waitFor(/UI +(http:\S+)/))[1]!;
  }
});
afterAll(async () => {
  for (const stop of started.reverse()) await stop();
});

/** A request that runs one query a row. */
function nPlusOne(): OtlpSpan[] {
  const traceId = newTraceId();
  const startMs = Date.now() - 1_000;
  const root = {
    traceId,
    spanId: newSpanId(),
    name: "GET /orders",
    kind: 2,
    startMs,
    durationMs: 220,
    attributes: { "http.request.method": "GET", "http.route": "/orders" },
  };
  const queries = Array.from({ length: 20 }, (_, i) => ({
    traceId,
    spanId: newSpanId(),
    parentSpanId: root.spanId,
    name: "SELECT users",
    kind: 3,
    startMs: startMs + 10 * i,
    durationMs: 8,
    attributes: {
      "db.system.name": "postgresql",
      "db.query.text": `SELECT * FROM users WHERE id = ${i}`,
    },
  }));
  return [root, ...queries];
}

const status = async (role: string, path: string) => (await fetch(urls[role] + path)).status;

test("what the collector takes is found by the analyzers and shown by the API", async () => {
  for (const role of Object.keys(urls)) {
    await until(async () => (await status(role, "/readyz")) === 200);
  }
  const send = (role: string) =>
    fetch(`${urls[role]}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: toOtlpJson(nPlusOne()),
    });
  expect((await send("collector")).status).toBe(200);
  expect((await send("analyzer")).status).toBe(404);
  expect((await send("api")).status).toBe(404);
  expect(await status("collector", "/api/v1/findings")).toBe(404);
  expect(await status("analyzer", "/api/v1/findings")).toBe(404);
  expect(await status("collector", "/")).toBe(404);
  let titles: string[] = [];
  await until(async () => {
    const answer = await fetch(`${urls.api}/api/v1/findings`);
    const { findings } = (await answer.json()) as FindingsResponse;
    titles = findings.map(({ title }) => title);
    return titles.length > 0;
  });
  expect(titles).toContain("N+1 calls");
});

test("each trace is examined by one analyzer, and the finding counts those of both", async () => {
  const traces = 30;
  const body = toOtlpJson(Array.from({ length: traces }, nPlusOne).flat());
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${urls.collector}/v1/traces`, { method: "POST", headers, body });
  expect(answer.status).toBe(200);
  const examined = async (name: string) => {
    const metrics = await (await fetch(`${urls[name]}/metrics`)).text();
    return Number(/^culprit_traces_examined_total (\d+)/m.exec(metrics)?.[1]);
  };
  await until(
    async () => (await examined("analyzer")) + (await examined("secondAnalyzer")) === traces + 1,
  );
  expect(await examined("analyzer")).toBeGreaterThan(0);
  expect(await examined("secondAnalyzer")).toBeGreaterThan(0);
  await until(async () => {
    const findings = await fetch(`${urls.api}/api/v1/findings`);
    const [finding] = ((await findings.json()) as FindingsResponse).findings;
    return finding?.evidence.tracesAffected === traces + 1;
  });
});
