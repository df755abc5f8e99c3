import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { findFreePort } from "../support/find-free-port.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";
import { until } from "../support/until.ts";

let postgres: Postgres;
let sink: OtlpSink;
let app: TracedApp;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres?.stop());

beforeEach(async () => {
  sink = await startOtlpSink();
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

async function startOrders(env: Readonly<Record<string, string>>): Promise<void> {
  app = await startTracedApp("orders.cjs", {
    collectorUrl: sink.url,
    env: { DATABASE_URL: postgres.url(), ...env },
  });
}

const paths = [
  ["the fast path", {}],
  ["the SDK's path", { CULPRIT_FAST_PATH: "off" }],
] as const;

it.each(paths)(
  "on %s, OTLP: durations with the trace of an example, the pool, and the process",
  async (_, env) => {
    await startOrders({
      ...env,
      OTEL_METRICS_EXPORTER: "otlp",
    });
    await app.get("/orders/2");
    // At its end it sends what it has.
    expect(await app.stop()).toBe("SIGTERM");
    const received = Buffer.concat(sink.metricBodies);
    expect(received.includes(Buffer.from(sink.spans[0]?.traceId ?? "", "hex"))).toBe(true);

    const expected = [
      "http.server.request.duration",
      "db.client.operation.duration",
      "db.client.connection.pending_requests",
      `127.0.0.1:${postgres.port}/postgres`,
      "/orders/:count",
      "db.client.connection.count",
      "db.client.connection.max",
      "nodejs.eventloop.delay.p99",
      "nodejs.eventloop.utilization",
      "nodejs.eventloop.time",
      "v8js.gc.duration",
      "v8js.memory.heap.used",
      "v8js.memory.heap.limit",
      "v8js.resource.active",
      "process.cpu.time",
      "process.memory.usage",
      "orders",
    ];
    expect(expected.filter((text) => !received.includes(text))).toEqual([]);
    expect(app.output()).not.toContain("Warning");
  },
);

it.each(paths)("on %s, Prometheus: the same on its endpoint, counted once", async (_, env) => {
  const port = await findFreePort();
  await startOrders({
    ...env,
    OTEL_METRICS_EXPORTER: "prometheus",
    OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
    OTEL_EXPORTER_PROMETHEUS_PORT: `${port}`,
  });
  for (let i = 0; i < 3; i += 1) await app.get("/orders/2");
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await until(async () => /http_server_request_duration_count\{.*\} 3\b/.test(await scrape()));

  const lines = (await scrape()).split("\n");
  const sampleOf = (start: string) =>
    lines.filter((line) => line.startsWith(start)).map((line) => line.split("} ")[1]);
  expect(sampleOf("http_server_request_duration_count")).toEqual(["3"]);
  expect(sampleOf("db_client_operation_duration_count")).toEqual(["6"]);
  expect(sampleOf("db_client_connection_max")).toEqual(["4"]);
  expect(sampleOf("nodejs_eventloop_utilization")).toHaveLength(1);
  expect(sampleOf("v8js_memory_heap_space_size").length).toBeGreaterThan(5);
});

it("says how long requests waited for a connection of the pool, and who gave up", async () => {
  const port = await findFreePort();
  app = await startTracedApp("pool-timeout.cjs", {
    collectorUrl: sink.url,
    env: {
      DATABASE_URL: postgres.url(),
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
      OTEL_EXPORTER_PROMETHEUS_PORT: `${port}`,
    },
  });
  expect(await app.get("/queries")).toBe("answered,timeout exceeded when trying to connect");
  const samples = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const sampleOf = (start: string) =>
    Number(samples.match(new RegExp(`^${start}.*} (.+)$`, "m"))?.[1]);
  expect(sampleOf("db_client_connection_timeouts_total")).toBe(1);
  // Two queries, and a checkout by hand; the query that gave up has got none.
  expect(sampleOf("db_client_connection_wait_time_count")).toBe(3);

  await sink.waitFor((spans) => spans.some(({ kind }) => kind === 2));
  const server = sink.spans.find(({ kind }) => kind === 2);
  const [unsent, ...others] = sink.spans.filter(({ kind, isError }) => kind === 3 && isError);
  expect(others).toEqual([]);
  expect(unsent).toMatchObject({ name: "SELECT", parentSpanId: server?.spanId });
  expect(unsent?.attributes).toMatchObject({
    "error.type": "timeout",
    "db.query.text": "SELECT pg_sleep($0)",
    "db.namespace": "postgres",
    "server.address": "127.0.0.1",
    "server.port": postgres.port,
  });
  expect(unsent?.attributes["culprit.pool.wait_ms"]).toBeGreaterThan(900);
});
