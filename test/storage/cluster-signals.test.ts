import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../collector/decode/decode-otlp.ts";
import { openClusterStore } from "../../storage/cluster/open-cluster-store.ts";
import type { OpenedStore } from "../../storage/opened-store.ts";
import { type MetricLatestRow, metricLatestQuery } from "../../storage/queries/metric-latest.ts";
import { type MetricSeriesRow, metricSeriesQuery } from "../../storage/queries/metric-series.ts";
import { type TraceLogRow, traceLogsQuery } from "../../storage/queries/trace-logs.ts";
import { defaultRetention } from "../../storage/retention.ts";
import { until } from "../support/until.ts";
import { type ClickHouseServer, startClickHouseServer } from "./start-clickhouse-server.ts";

/** Logs and metrics in ClickHouse servers, as in the store of one's own: stored once a token, and found. */
const root = mkdtempSync(join(tmpdir(), "culprit-cluster-signals-"));
let server: ClickHouseServer;
let store: OpenedStore;

beforeAll(async () => {
  server = await startClickHouseServer(join(root, "cluster"));
  store = openClusterStore({
    urls: [server.url],
    database: "default",
    username: "default",
    password: "",
    cluster: "",
    retention: defaultRetention,
  });
  await until(() => store.isReady());
});
afterAll(async () => {
  await store?.close();
  await server?.kill();
  rmSync(root, { recursive: true, force: true });
});

const nowMs = Date.now();
const window = { fromS: Math.floor(nowMs / 1000), toS: Math.floor(nowMs / 1000) + 1 };

/** An OTLP/JSON request as the collector hands it to the store. */
function blockFile(signal: "logs" | "metrics", request: object): string {
  const { block } = decodeOtlp(signal, Buffer.from(JSON.stringify(request)), "json", {
    receivedMs: nowMs,
    acceptFromMs: nowMs - 1_000,
    acceptToMs: nowMs + 1_000,
    limits: defaultDecodeLimits,
  });
  const file = join(root, `${signal}.native`);
  writeFileSync(file, block);
  return file;
}

test("the logs of a trace", async () => {
  const traceId = "ab".repeat(16);
  const body = { stringValue: "line" };
  const logRecords = [traceId, "", traceId].map((id, i) => ({
    timeUnixNano: `${nowMs}00000${i}`,
    traceId: id,
    severityNumber: i,
    body,
  }));
  const file = blockFile("logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  for (let time = 0; time < 2; time++) await store.insertBlocks("logs", file, "once");
  const parameters = { ...window, traceId, logsMax: 10, charactersMax: 3 };
  const rows = await store.select<TraceLogRow>(traceLogsQuery, parameters);
  expect(rows.map((row) => [row.severityNumber, row.body])).toEqual([
    [0, "lin"],
    [2, "lin"],
  ]);
});

test("the series of a metric", async () => {
  const dataPoints = [3, 4].map((asInt, i) => ({ timeUnixNano: `${nowMs}00000${i}`, asInt }));
  const metrics = [{ name: "pool.used", gauge: { dataPoints } }];
  const file = blockFile("metrics", { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  for (let time = 0; time < 2; time++) await store.insertBlocks("metric_points", file, "once");
  const series = { ...window, service: "unknown_service", metric: "pool.used" };
  const latest = { ...series, seriesMax: 10 };
  expect(await store.select<MetricLatestRow>(metricLatestQuery, latest)).toMatchObject([
    { kind: "gauge", value: 4, count: 0, sum: null },
  ]);
  const steps = { ...series, stepS: 3_600, stepsMax: 10 };
  expect(await store.select<MetricSeriesRow>(metricSeriesQuery, steps)).toMatchObject([
    { points: 2, valueLast: 4, valueTotal: 7 },
  ]);
});
