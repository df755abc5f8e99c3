import { readFileSync } from "node:fs";
import { Client, credentials } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeMetrics } from "../../collector/decode/testing/encode-metrics.ts";
import { type Envelope, toJsonEnvelope } from "../../collector/decode/testing/envelope.ts";
import {
  encodeLogs,
  logRowsQuery,
  logsArbitrary,
  type OtlpLogRecord,
  toLogRows,
} from "../../collector/decode/testing/log-model.ts";
import { metricsArbitrary } from "../../collector/decode/testing/metric-arbitrary.ts";
import type { OtlpMetric } from "../../collector/decode/testing/metric-model.ts";
import { metricRowsQuery, toMetricRows } from "../../collector/decode/testing/metric-rows.ts";
import { testTimeMs } from "../../collector/decode/testing/otlp-model.ts";
import { exportPaths } from "../../collector/receiver/otlp-grpc.ts";
import type { EmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { callGrpc } from "../support/grpc-client.ts";
import { json, protobuf, send } from "./otlp-client.ts";
import { type RunningCollector, runCollector } from "./running-collector.ts";

/** Logs and metrics over each transport, each request twice as a client's retry: what was sent is stored, once. */
let collector: RunningCollector;
let store: EmbeddedStore;

const sampleOf = <T>(arbitrary: fc.Arbitrary<Envelope<T>>, seed: number) =>
  fc.sample(arbitrary, { numRuns: 20, seed }).flat();
const logs = [1, 2, 3].map((seed) => sampleOf(logsArbitrary, seed));
const metrics = [1, 2, 3].map((seed) => sampleOf(metricsArbitrary, seed));

beforeAll(async () => {
  // The time of the models lies ahead.
  const acceptedWindow = { pastMs: 1_000, futureMs: testTimeMs };
  collector = await runCollector({ acceptedWindow });
  for (let time = 0; time < 2; time++) {
    await sendOverEach("logs", logs as Envelope<OtlpLogRecord>[], encodeLogs, "logRecords");
    await sendOverEach("metrics", metrics, encodeMetrics, "metrics");
  }
  for (const name of ["logs", "events", "metrics"]) {
    const file = new URL(`../fixtures/otlp/${name}.json`, import.meta.url);
    const example = readFileSync(file, "utf8").replaceAll(
      /15447126603(\d{8})/g,
      `${testTimeMs}000001`,
    );
    await post(name === "metrics" ? "metrics" : "logs", example, json);
  }
  store = await collector.openStore();
});
afterAll(() => collector?.close());

async function post(signal: string, body: string | Uint8Array, type: typeof json): Promise<void> {
  const answer = await send(`${collector.url}/v1/${signal}`, body, type);
  expect(answer.status).toBe(200);
  // Of the models' records some carry more than is kept: that is warned of, and all of them are stored.
  expect(String(answer.bytes)).toMatch(/^(\{\})?$|stored \d+ .* not with all that they carry/);
}

async function sendOverEach<T>(
  signal: "logs" | "metrics",
  [first, second, third]: readonly Envelope<T>[],
  encode: (envelope: Envelope<T>) => Buffer,
  items: string,
): Promise<void> {
  await post(signal, encode(first!), protobuf);
  const words = signal === "logs" ? "Logs" : "Metrics";
  await post(signal, toJsonEnvelope(second!, words, items), json);
  const [path] = [...exportPaths].find(([, its]) => its === signal)!;
  const client = new Client(collector.grpc, credentials.createInsecure());
  const { code } = await callGrpc(client, path, encode(third!));
  expect(code).toBe(0);
  client.close();
}

const inOrder = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
const isExample = (row: object) => "service" in row && row.service === "my.service";

test("log records are what was sent, once", async () => {
  const rows = await store.select<object>(logRowsQuery, {});
  expect(rows.length).toBeGreaterThan(50);
  expect(inOrder(rows.filter((row) => !isExample(row)))).toEqual(inOrder(logs.flatMap(toLogRows)));
});

test("data points are what was sent, once", async () => {
  const rows = await store.select<object>(metricRowsQuery, {});
  expect(rows.length).toBeGreaterThan(50);
  const expected = metrics.flatMap((envelope: Envelope<OtlpMetric>) => toMetricRows(envelope));
  expect(inOrder(rows.filter((row) => !isExample(row)))).toEqual(inOrder(expected));
});

test("the specification's examples are there: a log, an event, and a metric of each of four kinds", async () => {
  const sql = `
    SELECT name, size
    FROM (
      SELECT name, value + toFloat64(count) AS size
      FROM metric_points WHERE service = 'my.service'
      UNION ALL
      SELECT if(event_name = '', body, event_name) AS name, toFloat64(severity_number) AS size
      FROM logs WHERE service = 'my.service')
    ORDER BY name LIMIT 10`;
  expect(await store.select({ name: "examples", sql }, {})).toEqual([
    { name: "Example log record", size: 10 },
    { name: "browser.page_view", size: 9 },
    { name: "my.counter", size: 5 },
    { name: "my.exponential.histogram", size: 3 },
    { name: "my.gauge", size: 10 },
    { name: "my.histogram", size: 2 },
  ]);
});
