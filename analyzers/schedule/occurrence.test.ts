import { expect, test } from "vitest";
import { buildTrace, inSequence, query } from "../../test/support/trace-builder.ts";
import type { Observation } from "../detector.ts";
import { spanKind } from "../model/trace-view.ts";
import { toOccurrence } from "./occurrence.ts";

const meta = {
  id: "x",
  version: 3,
  title: "",
  description: "",
  severity: "info",
  defaults: {},
} as const;

/** One service calls GET /b of another twice; each time 4 queries of 5 ms. */
const trace = buildTrace([
  "GET /a",
  0,
  100,
  ["GET /b", 10, 40, ...inSequence({ ...query, codeFilePath: "" }, 4, 5, { fromMs: 15 })],
  [
    "GET /b",
    50,
    80,
    ...inSequence(
      { ...query, codeFilePath: "b.ts", codeLineNumber: 7, codeFunctionName: "load" },
      5,
      5,
      { fromMs: 52 },
    ),
  ],
]);
const endpoints = trace.name.flatMap((name, span) => (name === "GET /b" ? [span] : []));

function observe(endpointSpan: number, different: Partial<Observation> = {}): Observation {
  const spans = [...trace.parent.keys()].filter((span) => trace.parent[span] === endpointSpan);
  return {
    identity: ["b"],
    summary: `${spans.length} queries`,
    endpointSpan,
    spans,
    repeats: spans.length,
    confidence: "high",
    changes: [],
    fix: ["join"],
    ...different,
  };
}

const [first, second] = endpoints.map((span) => observe(span));

test("one problem in one place is one row, with its evidence", () => {
  const row = toOccurrence("f", meta, trace, [first!], 1_795_311_500_123);
  expect(row).toMatchObject({
    fingerprint: "f",
    trace_id: trace.traceId,
    detector: "x",
    detector_version: 3,
    service: "shop",
    service_version: "1.0.0",
    http_request_method: "GET",
    http_route: "/b",
    seen: 1_795_311_500_123,
    repeats: 4,
    duration_ns: 20e6,
    critical_ns: 20e6,
    endpoint_duration_ns: 30e6,
    suppressed_by: "",
  });
  expect(JSON.parse(String(row.evidence))).toEqual({
    summary: "4 queries",
    fix: ["join"],
    shape: {
      id: "1001",
      system: "postgresql",
      text: query.dbQueryText,
      summary: "SELECT users",
    },
    callSite: null,
  });
});

test("the same in two places is one row: times and calls add up, the larger is described", () => {
  const row = toOccurrence("f", meta, trace, [first!, second!], 0);
  expect(row).toMatchObject({ repeats: 9, duration_ns: 45e6, critical_ns: 45e6 });
  expect(row.span_ids).toHaveLength(9);
  expect(JSON.parse(String(row.evidence))).toMatchObject({
    summary: "5 queries",
    callSite: { file: "b.ts", line: 7, function: "load" },
  });
});

test("what a guard held back in one place does not hide the other, nor count for it", () => {
  const held: Observation = { ...second!, suppressedBy: "retry" };
  expect(toOccurrence("f", meta, trace, [held, first!], 0)).toMatchObject({
    repeats: 4,
    suppressed_by: "",
  });
  expect(toOccurrence("f", meta, trace, [held], 0)).toMatchObject({ suppressed_by: "retry" });
});

test("an endpoint without a route goes by its name, a span without a shape has none", () => {
  const plain = buildTrace(["job", 0, 10, ["step", 1, 9]]);
  const observation: Observation = { ...first!, endpointSpan: 0, spans: [1], repeats: 1 };
  const row = toOccurrence("f", meta, plain, [observation], 0);
  expect(row).toMatchObject({ http_route: "job", http_request_method: "" });
  expect(JSON.parse(String(row.evidence)).shape).toBeNull();
});

test("a row names the first 50 of many spans", () => {
  const many = buildTrace(["GET /c", 0, 100, ...inSequence(query, 80, 1)]);
  const spans = Array.from({ length: 80 }, (_, i) => i + 1);
  const row = toOccurrence("f", meta, many, [{ ...first!, endpointSpan: 0, spans }], 0);
  expect(row.span_ids).toEqual(many.spanId.slice(1, 51));
});

test("a call to a service has its address and template as its shape, an RPC its name; its time holds the other side's", () => {
  const call = { name: "GET", kind: spanKind.client, shapeId: "3001" };
  const http = {
    ...call,
    httpRequestMethod: "GET",
    serverAddress: "catalog",
    urlTemplate: "/products/{id}",
  };
  const rpc = { ...call, name: "Products/Get" };
  const server = { name: "serve", kind: spanKind.server, service: "catalog" };
  const shapes = [http, rpc].map((what) => {
    const asked = buildTrace(["GET /a", 0, 100, [what, 0, 50, [server, 10, 40]]]);
    const row = toOccurrence("f", meta, asked, [{ ...first!, endpointSpan: 0, spans: [1] }], 0);
    expect(row).toMatchObject({ critical_ns: 50e6 });
    return JSON.parse(String(row.evidence)).shape;
  });
  expect(shapes).toMatchObject([
    { id: "3001", system: "http", text: "GET catalog/products/{id}" },
    { id: "3001", system: "rpc", text: "Products/Get", summary: "Products/Get" },
  ]);
});
