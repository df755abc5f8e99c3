import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { traceCoverage } from "../../analyzers/facts/trace-coverage.ts";
import { StorageError, type Store } from "../../storage/store.ts";
import { sampleFinding } from "../../test/support/sample-finding.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { Counters } from "../counters.ts";
import { createApi } from "./api.ts";
import type { EndpointGainResponse, EndpointPathResponse, TraceResponse } from "./responses.ts";

let traces: TestStore;
let server: Server;
let url = "";
let log: string[] = [];
const counters = new Counters();
/** What the store answers instead of an answer. */
let storeError: Error | undefined;
/** What the endpoint's path was asked for. */
let asked: unknown;

const spans = loopTrace({ route: "/orders" });
const { traceId, spanId } = spans[0]!;
const finding = sampleFinding();
const gain: EndpointGainResponse = {
  traces: 40,
  steps: [{ fix: finding.id, prediction: finding.prediction! }],
};
const path: EndpointPathResponse = {
  traces: 0,
  meanDurationNs: 0,
  rows: [],
  coverage: traceCoverage([]),
};

beforeAll(async () => {
  traces = await openTestStore();
  await traces.insert(spans);
  await storeFinding(finding, 10);
  await storeFinding(sampleFinding({ id: "aa".repeat(16) }), 20);
  server = createServer(express().use("/api/v1", createTestApi())).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
});

beforeEach(() => {
  log = [];
  storeError = undefined;
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await traces.close();
});

function createTestApi() {
  const store: Store = {
    ...traces.store,
    select: (query, parameters) =>
      storeError ? Promise.reject(storeError) : traces.store.select(query, parameters),
  };
  return createApi({
    store,
    now: Date.now,
    log: (line) => log.push(line),
    counters,
    analysis: () => ({ tracesExamined: 7, examinedUntilAt: null, detectors: [] }),
    titleOf: (id) => `title of ${id}`,
    readWaterfall: async (id) => (id === traceId ? ({ traceId: id } as TraceResponse) : null),
    readPath: async (...call) => {
      asked = call;
      return path;
    },
    readGain: async (...call) => {
      asked = call;
      return gain;
    },
  });
}

async function storeFinding(stored: typeof finding, rank: number): Promise<void> {
  await traces.store.insertRows("findings", [
    {
      fingerprint: stored.id,
      updated: Date.now(),
      detector: stored.detector,
      service: stored.service,
      environment: stored.environment,
      http_request_method: stored.endpoint.method,
      http_route: stored.endpoint.route,
      rank,
      body: JSON.stringify(stored),
    },
  ]);
}

async function get(route: string, method = "GET") {
  const response = await fetch(url + route, { method });
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(await response.text()),
  };
}

test("findings come by rank, with what was looked at", async () => {
  const { status, headers, body } = await get("/findings");
  expect(status).toBe(200);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("content-type")).toContain("application/json");
  expect(body.findings.map(({ id }: { id: string }) => id)).toEqual(["aa".repeat(16), finding.id]);
  expect(body).toMatchObject({
    truncated: false,
    coverage: { spansStored: 21, tracesExamined: 7, examinedUntilAt: null, services: ["shop"] },
  });
});

test("a finding is found by its id, in capitals too", async () => {
  expect((await get(`/findings/${finding.id.toUpperCase()}`)).body).toEqual(finding);
});

test("a trace has its waterfall, what was found in it, and what was not reported, with the reason", async () => {
  await traces.store.insertRows("occurrences", [
    {
      fingerprint: finding.id,
      trace_id: traceId,
      detector: "n-plus-one",
      detector_version: 1,
      ts: spans[0]!.startMs,
      seen: Date.now(),
      span_ids: [spanId],
      evidence: JSON.stringify({ summary: "runs the same query 20 times" }),
    },
    {
      fingerprint: "dd".repeat(16),
      trace_id: traceId,
      detector: "serial-calls",
      detector_version: 1,
      ts: spans[0]!.startMs,
      seen: Date.now(),
      suppressed_by: "may-depend",
      span_ids: [spanId],
      evidence: JSON.stringify({ summary: "waits for 2 calls" }),
    },
    {
      fingerprint: "ee".repeat(16),
      trace_id: traceId,
      detector: "slow-query",
      detector_version: 1,
      ts: spans[0]!.startMs,
      seen: Date.now(),
      span_ids: [spanId],
      evidence: JSON.stringify({ summary: "waits for one query" }),
    },
  ]);
  expect((await get(`/traces/${traceId}`)).body).toEqual({
    traceId,
    findings: [
      {
        id: finding.id,
        title: "title of n-plus-one",
        summary: "runs the same query 20 times",
        spanIds: [spanId],
      },
    ],
    heldBack: [
      {
        detector: "slow-query",
        guard: "unconfirmed",
        title: "title of slow-query",
        summary: "waits for one query",
        spanIds: [spanId],
      },
      {
        detector: "serial-calls",
        guard: "may-depend",
        title: "title of serial-calls",
        summary: "waits for 2 calls",
        spanIds: [spanId],
      },
    ],
  });
});

test("a span shows its columns as attributes under OpenTelemetry's names", async () => {
  const query = spans[5]!;
  const { body } = await get(`/traces/${traceId}/spans/${query.spanId}`);
  expect(body).toMatchObject({
    spanId: query.spanId,
    name: "SELECT products",
    service: "shop",
    kind: "client",
    status: "unset",
    durationNs: 4e6,
    attributes: {
      "db.system.name": "postgresql",
      "db.query.text": "select name, price from products where id = $1",
      "code.file.path": "src/orders.ts",
      "code.line.number": "88",
    },
    resource: { "service.name": "shop", "service.version": "1.0.0" },
    events: [],
  });
  expect(body.attributes).not.toHaveProperty("db.response.returned_rows");
  expect(body.attributes).not.toHaveProperty("http.route");
});

test("service edges say who calls whom", async () => {
  const { body } = await get("/service-edges");
  expect(body).toMatchObject({
    truncated: false,
    edges: [{ source: "shop", destination: "postgresql", kind: 3, errors: 0 }],
  });
});

test("endpoints have rate and duration", async () => {
  const { body } = await get("/endpoints");
  expect(body).toMatchObject({
    truncated: false,
    endpoints: [{ service: "shop", method: "GET", route: "/orders", requests: 1, errors: 0 }],
  });
});

test.each([
  ["critical-path", path],
  ["gain", gain],
])("an endpoint's %s is that of the last hour", async (resource, body) => {
  const query = new URLSearchParams({ service: "shop", method: "", route: "/a b?c" });
  expect((await get(`/endpoints/${resource}?${query}`)).body).toEqual(body);
  const [endpoint, window] = asked as [unknown, { fromS: number; toS: number }];
  expect(endpoint).toEqual({ service: "shop", environment: "", method: "", route: "/a b?c" });
  expect(window.toS - window.fromS).toBe(3_600);
});

test.each([
  ["/findings/xyz", "id must be 32 hex digits"],
  [`/findings/${"g".repeat(32)}`, "id must be 32 hex digits"],
  ["/traces/12", "traceId must be 32 hex digits"],
  [`/traces/${"0".repeat(31)}'`, "traceId must be 32 hex digits"],
  [`/traces/${spans[0]!.traceId}/spans/12`, "spanId must be 16 hex digits"],
  ["/endpoints/critical-path?service=a&method=GET", "route must be given once"],
  ["/endpoints/gain?service=a&method=GET", "route must be given once"],
  ["/endpoints/critical-path?service=a&service=b&method=GET&route=/", "service must be given once"],
  ["/endpoints/critical-path?service[x]=a&method=GET&route=/", "service must be given once"],
  [`/endpoints/critical-path?method=GET&route=/&service=${"a".repeat(1_001)}`, "at most 1000"],
  ["/findings/%E0%A4%A", "the path is not valid"],
])("GET %.60s is a bad request", async (route, message) => {
  const { status, body } = await get(route);
  expect(status).toBe(400);
  expect(body.error).toEqual({ code: "BAD_PARAMETER", message: expect.stringContaining(message) });
});

test.each([
  ["GET", `/findings/${"0".repeat(32)}`],
  ["GET", `/traces/${"0".repeat(32)}`],
  ["GET", `/traces/${"0".repeat(32)}/logs`],
  ["GET", `/traces/${"0".repeat(32)}/spans/${"0".repeat(16)}`],
  ["GET", `/traces/${spans[0]!.traceId}/spans/${"0".repeat(16)}`],
  ["GET", "/nothing"],
  ["GET", "/"],
  ["POST", "/findings"],
  ["DELETE", `/findings/${finding.id}`],
])("%s %s is not there", async (method, route) => {
  const { status, body } = await get(route, method);
  expect(status).toBe(404);
  expect(body.error.code).toBe("NOT_FOUND");
});

test.each(["/findings", `/traces/${"1".repeat(32)}`, "/endpoints"])(
  "while the store is away, GET %s says when to come back",
  async (route) => {
    storeError = new StorageError("STORE_UNAVAILABLE", "pid 17 ended");
    const failed = counters.value("failed_reads", "STORE_UNAVAILABLE");
    const { status, headers, body } = await get(route);
    expect(status).toBe(503);
    expect(counters.value("failed_reads", "STORE_UNAVAILABLE")).toBe(failed + 1);
    expect(headers.get("retry-after")).toBe("1");
    expect(body.error.code).toBe("STORE_UNAVAILABLE");
    expect(JSON.stringify(body)).not.toContain("pid 17");
  },
);

test("any other error is told to the log, and not to the client", async () => {
  storeError = new Error("secret detail");
  const { status, body } = await get("/findings");
  expect(status).toBe(500);
  expect(body.error.code).toBe("INTERNAL_ERROR");
  expect(JSON.stringify(body)).not.toContain("secret");
  expect(log).toEqual(["GET /findings failed: Error: secret detail"]);
});
