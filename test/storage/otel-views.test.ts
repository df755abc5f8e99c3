import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpFront } from "../../storage/http-front/http-front.ts";
import { loopTrace, openTestStore, type TestStore } from "../support/stored-traces.ts";

/**
 * Dashboards that were made for the table of the OpenTelemetry Collector's ClickHouse exporter, asked as Grafana's
 * ClickHouse data source writes its SQL; over HTTP as JSON, which is how the Altinity plugin asks.
 */
let stored: TestStore;
let server: Server;
let url: string;
const traceId = "0af7651916cd43dd8448eb211c80319c";
const startMs = Date.now() - 60_000;

beforeAll(async () => {
  stored = await openTestStore();
  await stored.insert(loopTrace({ traceId, startMs, queries: 3 }));
  await stored.insert(loopTrace({ queries: 1, route: "/carts" }), { service: "carts" });
  const front = createHttpFront({ execute: (statement) => stored.store.engine.read(statement) });
  server = createServer(front.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await stored.close();
});

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(url, { method: "POST", body: `${sql} FORMAT JSON` });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text).data;
}

test("the columns have the exporter's names and types", async () => {
  const columns = await ask("SELECT name, type FROM system.columns WHERE table = 'otel_traces'");
  expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toEqual({
    Timestamp: "DateTime64(9, 'UTC')",
    TraceId: "String",
    SpanId: "String",
    ParentSpanId: "String",
    TraceState: "String",
    SpanName: "LowCardinality(String)",
    SpanKind: "LowCardinality(String)",
    ServiceName: "LowCardinality(String)",
    ResourceAttributes: "Map(LowCardinality(String), String)",
    ScopeName: "String",
    ScopeVersion: "String",
    SpanAttributes: "Map(LowCardinality(String), String)",
    Duration: "UInt64",
    StatusCode: "LowCardinality(String)",
    StatusMessage: "String",
    "Events.Timestamp": "Array(DateTime64(9, 'UTC'))",
    "Events.Name": "Array(LowCardinality(String))",
    "Events.Attributes": "Array(Map(LowCardinality(String), String))",
    "Links.TraceId": "Array(String)",
    "Links.SpanId": "Array(String)",
    "Links.TraceState": "Array(String)",
    "Links.Attributes": "Array(Map(LowCardinality(String), String))",
  });
});

test("a trace by its id, with its bounds from the second view", async () => {
  const spans = await ask(`
    WITH '${traceId}' AS trace_id,
      (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) AS trace_start,
      (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) AS trace_end
    SELECT TraceId AS traceID, SpanId AS spanID, ParentSpanId AS parentSpanID, ServiceName AS serviceName,
      SpanName AS operationName, multiply(toUnixTimestamp64Nano(Timestamp), 0.000001) AS startTime,
      multiply(Duration, 0.000001) AS duration,
      arrayMap(key -> map('key', key, 'value', SpanAttributes[key]), mapKeys(SpanAttributes)) AS tags,
      arrayMap(key -> map('key', key, 'value', ResourceAttributes[key]), mapKeys(ResourceAttributes)) AS serviceTags,
      if(StatusCode IN ('Error', 'STATUS_CODE_ERROR'), 2, 0) AS statusCode
    FROM otel_traces
    WHERE traceID = trace_id AND Timestamp >= trace_start AND Timestamp <= trace_end
    ORDER BY startTime
    LIMIT 1000`);
  expect(spans).toHaveLength(4);
  const [root, query] = spans;
  expect(root).toMatchObject({
    traceID: traceId,
    parentSpanID: "",
    serviceName: "shop",
    operationName: "GET /orders",
    // Made with doubles, as the dashboard does.
    startTime: expect.closeTo(startMs, 1),
    duration: 22,
    statusCode: 0,
  });
  expect(root!.tags).toContainEqual({ key: "http.route", value: "/orders" });
  expect(root!.serviceTags).toContainEqual({ key: "service.version", value: "1.0.0" });
  expect(query!.parentSpanID).toBe(root!.spanID);
  expect(query!.tags).toContainEqual({ key: "db.system.name", value: "postgresql" });
});

test("a search by service, kind and attribute, and a rate over time", async () => {
  const from = `toDateTime64(${Math.floor(startMs / 1000) - 3_600}, 9)`;
  const found = await ask(`
    SELECT TraceId, SpanKind, Duration FROM otel_traces
    WHERE Timestamp >= ${from} AND ServiceName = 'shop' AND SpanKind = 'Server'
      AND SpanAttributes['http.route'] = '/orders' AND Duration > 1000000
    ORDER BY Timestamp DESC LIMIT 20`);
  expect(found).toEqual([{ TraceId: traceId, SpanKind: "Server", Duration: 22_000_000 }]);
  const rates = await ask(`
    SELECT toStartOfInterval(Timestamp, INTERVAL 1 HOUR) AS time, ServiceName, count() AS count
    FROM otel_traces WHERE Timestamp >= ${from}
    GROUP BY time, ServiceName ORDER BY time, ServiceName`);
  const total = rates.reduce((sum, { count }) => sum + Number(count), 0);
  expect(total).toBe(6);
});
