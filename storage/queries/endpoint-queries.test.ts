import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SpanRow, toTimestamp, writeSpanFile } from "../../test/support/span-file.ts";
import { type EmbeddedStore, openEmbeddedStore } from "../embedded/open-embedded-store.ts";
import {
  type AttributeSearchParameters,
  type AttributeSearchRow,
  attributeSearchQuery,
} from "./attribute-search.ts";
import { type CoverageParameters, coverageQuery } from "./coverage.ts";
import { type EndpointSampleRow, endpointSampleQuery } from "./endpoint-sample.ts";
import { endpointTotalsQuery } from "./endpoint-totals.ts";
import { type EndpointMetricsRow, type EndpointsParameters, endpointsQuery } from "./endpoints.ts";
import {
  type ServiceEdgeRow,
  type ServiceEdgesParameters,
  serviceEdgesQuery,
} from "./service-edges.ts";
import { storedCountsQuery } from "./stored-counts.ts";
import type { WantedEndpoints } from "./wanted-endpoints.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-endpoint-queries-"));
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const startS = startMs / 1000;
const window = { fromS: startS, toS: startS + 300 };
const orders = { service: "shop", environment: "production", method: "GET", route: "/orders" };
let store: EmbeddedStore;

/** Request i of GET /orders takes i + 1 ms, and makes a call. */
function request(i: number): SpanRow[] {
  const trace_id = i.toString(16).padStart(32, "0");
  const server = {
    ts: toTimestamp(startMs + i * 1_000, 500),
    duration: (i + 1) * 1_000_000,
    trace_id,
    span_id: "0000000000000001",
    name: "GET /orders",
    kind: 2,
    service: "shop",
    environment: "production",
    service_version: i < 50 ? "1" : "2",
    http_request_method: "GET",
    http_route: "/orders",
    status_code: i % 10 === 0 ? 2 : 0,
    weight: 2,
    attributes: { "user.id": `user-${i % 10}` },
  };
  const call = {
    ...server,
    span_id: "0000000000000002",
    parent_span_id: "0000000000000001",
    name: "SELECT orders",
    kind: 3,
    http_route: "",
    attributes: {},
    db_system_name: "postgresql",
  };
  return [server, call];
}

beforeAll(async () => {
  store = await openEmbeddedStore({ folder: join(root, "store") });
  const file = join(root, "spans.native");
  const rows = Array.from({ length: 100 }, (_, i) => request(i)).flat();
  const other = { ...rows[0]!, http_route: "/other", trace_id: "ff".repeat(16), duration: 1_000 };
  await writeSpanFile(file, [...rows, other]);
  await store.insertBlocks("spans", file, "first");
});

afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

test("endpoints gives rate, errors and duration, weighted, those that take most time first", async () => {
  const rows = await store.select<EndpointMetricsRow>(endpointsQuery, {
    ...window,
    endpointsMax: 10,
  } satisfies EndpointsParameters);
  expect(rows.map(({ route }) => route)).toEqual(["/orders", "/other"]);
  expect(rows[0]).toMatchObject({ ...orders, requests: 200, errors: 20 });
  expect(rows[0]!.totalSeconds).toBeCloseTo(2 * 5.05, 6);
  // Within a bucket of the histogram: eight an octave.
  expect(Math.abs(Math.log2(rows[0]!.p50Ns / 50e6))).toBeLessThan(1 / 8);
  expect(Math.abs(Math.log2(rows[0]!.p95Ns / 95e6))).toBeLessThan(1 / 8);
  expect(await store.select(endpointsQuery, { ...window, endpointsMax: 1 })).toHaveLength(1);
});

test("endpoint-totals gives the requests of endpoints by version, newest first, each over its own time", async () => {
  const { service, environment, method, route } = orders;
  const parameters: WantedEndpoints = {
    services: ["nobody", service, service],
    environments: [environment, environment, environment],
    methods: [method, method, method],
    routes: [route, route, route],
    fromS: [window.fromS, startS - 600, window.fromS].map(String),
    toS: [window.toS, startS, window.toS].map(String),
  };
  // Of the first there are none, and of the second none at that time.
  expect(await store.select(endpointTotalsQuery, parameters)).toEqual([
    {
      endpoint: 2,
      serviceVersion: "2",
      requestsStored: 50,
      requests: 100,
      totalSeconds: expect.closeTo(2 * 3.775, 6),
      fromS: startS,
      toS: startS + 120,
    },
    {
      endpoint: 2,
      serviceVersion: "1",
      requestsStored: 50,
      requests: 100,
      totalSeconds: expect.closeTo(2 * 1.275, 6),
      fromS: startS,
      toS: startS + 60,
    },
  ]);
});

/** Of nobody, of /orders and of /other. */
async function sample(tracesMax: number, toS = window.toS): Promise<string[][]> {
  const { service, environment, method, route } = orders;
  const rows = await store.select<EndpointSampleRow>(endpointSampleQuery, {
    services: ["nobody", service, service],
    environments: [environment, environment, environment],
    methods: [method, method, method],
    routes: [route, route, "/other"],
    fromS: [startS, startS, startS].map(String),
    toS: [toS, toS, toS].map(String),
    tracesMax,
  });
  return [0, 1, 2].map((place) =>
    rows.filter(({ endpoint }) => endpoint === place).map(({ traceId }) => traceId),
  );
}
const numbers = (traceIds: readonly string[]) => traceIds.map((id) => Number.parseInt(id, 16));

test("endpoint-sample gives all traces of small endpoints, with duration and status", async () => {
  const [none, all, other] = await sample(1_000);
  expect(none).toEqual([]);
  expect(numbers(all!).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(other).toEqual(["ff".repeat(16)]);
  const { service, environment, method, route } = orders;
  const [row] = await store.select<EndpointSampleRow>(endpointSampleQuery, {
    services: [service],
    environments: [environment],
    methods: [method],
    routes: [route],
    fromS: [String(startS + 20)],
    toS: [String(startS + 21)],
    tracesMax: 10,
  });
  expect(row).toEqual({
    endpoint: 0,
    traceId: (20).toString(16).padStart(32, "0"),
    durationNs: 21_000_000,
    statusCode: 2,
  });
});

test("endpoint-sample of a large endpoint is spread over it, and the same when asked again", async () => {
  const [, few] = await sample(20);
  expect(few).toHaveLength(20);
  expect((await sample(20))[1]).toEqual(few);
  expect((await sample(30))[1]!.slice(0, 20)).toEqual(few);
  const late = numbers(few!).filter((number) => number >= 50);
  expect(late.length).toBeGreaterThan(4);
  expect(late.length).toBeLessThan(16);
  expect((await sample(1_000, startS + 10))[1]).toHaveLength(10);
});

test("coverage counts spans and names the services of late", async () => {
  const ofLate: CoverageParameters = { sinceS: startS };
  expect(await store.select(coverageQuery, ofLate)).toEqual([
    { spansStored: 201, services: ["shop"] },
  ]);
  expect(await store.select(coverageQuery, { sinceS: startS + 3_600 })).toEqual([
    { spansStored: 201, services: [] },
  ]);
});

test("stored-counts agree", async () => {
  expect(await store.select(storedCountsQuery, {})).toEqual([
    {
      spans: 201,
      opsSpans: 201,
      traceSpans: 201,
      traceIds: 101,
      tracesTraceIds: 101,
      arrivalsTraceIds: 101,
    },
  ]);
});

test("service-edges says who calls whom, weighted, and nothing outside the window", async () => {
  const edges = { ...window, edgesMax: 10 } satisfies ServiceEdgesParameters;
  const rows = await store.select<ServiceEdgeRow>(serviceEdgesQuery, edges);
  expect(rows).toEqual([
    {
      source: "shop",
      destination: "postgresql",
      environment: "production",
      kind: 3,
      calls: 200,
      errors: 20,
      totalSeconds: expect.closeTo(10.1, 6),
    },
  ]);
  const earlier = { fromS: startS - 600, toS: startS, edgesMax: 10 };
  expect(await store.select(serviceEdgesQuery, earlier)).toEqual([]);
});

test("attribute-search finds the spans of one user, newest first, each once", async () => {
  const search = {
    key: "user.id",
    value: "user-7",
    ...window,
    spansMax: 3,
  } satisfies AttributeSearchParameters;
  const rows = await store.select<AttributeSearchRow>(attributeSearchQuery, search);
  expect(rows.map(({ traceId }) => Number.parseInt(traceId, 16))).toEqual([97, 87, 77]);
  expect(rows[0]).toEqual({
    traceId: (97).toString(16).padStart(32, "0"),
    spanId: "0000000000000001",
    service: "shop",
    name: "GET /orders",
    startMs: String(startMs + 97_000),
    durationNs: 98_000_000,
  });
  // The value under another key, and another time.
  expect(await store.select(attributeSearchQuery, { ...search, key: "order.id" })).toEqual([]);
  expect(await store.select(attributeSearchQuery, { ...search, toS: startS + 7 })).toEqual([]);
});
