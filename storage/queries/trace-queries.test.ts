import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toPlainColumns } from "../../test/support/plain-columns.ts";
import { type SpanRow, toTimestamp, writeSpanFile } from "../../test/support/span-file.ts";
import { type EmbeddedStore, openEmbeddedStore } from "../embedded/open-embedded-store.ts";
import { type SpanDetailParameters, spanDetailQuery } from "./span-detail.ts";
import {
  coverBounds,
  type TraceBoundsParameters,
  type TraceBoundsRow,
  traceBoundsQuery,
} from "./trace-bounds.ts";
import { toPlaces } from "./trace-places.ts";
import { firstSpansQuery, longTraceSpansQuery, traceSpansQuery } from "./trace-spans.ts";
import {
  firstWaterfallSpansQuery,
  type WaterfallSpansParameters,
  waterfallSpansQuery,
} from "./waterfall-spans.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-trace-queries-"));
const traceId = "0123456789abcdef0123456789abcdef";
const otherTraceId = "fedcba9876543210fedcba9876543210";
const rootId = "00000000000000aa";
const callId = "00000000000000bb";
/** A whole second, an hour ago, so that the trace crosses no border of a day more often than it must. */
const startMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const startS = startMs / 1000;
const bounds = { fromS: startS, toS: startS + 1 };
let store: EmbeddedStore;

const server: SpanRow = {
  ts: toTimestamp(startMs, 123),
  duration: 2_000_000_001,
  trace_id: traceId,
  span_id: rootId,
  name: "GET /orders",
  kind: 2,
  status_code: 2,
  service: "shop",
  environment: "production",
  service_version: "1.2.3",
  resource_id: "18446744073709551615",
  scope_name: "http",
  weight: 4,
  http_request_method: "GET",
  http_route: "/orders",
  attributes: { "user.id": "it's me\n" },
  attributes_int: { "http.request.body.size": "9007199254740993" },
  attributes_double: { ratio: 0.5 },
  attributes_bool: {
    retried: true,
    "culprit.response.whole": true,
    "culprit.response.uncompressed": true,
  },
  attributes_json: {
    list: '{"arrayValue":{}}',
    "http.response.header.content-type":
      '{"arrayValue":{"values":[{"stringValue":"application/json; charset=utf-8"}]}}',
  },
  events: [
    {
      ts: toTimestamp(startMs + 5),
      name: "exception",
      attributes: { "exception.type": "Error" },
      attributes_json: {},
    },
  ],
  links: [
    {
      trace_id: "0123456789abcdef",
      span_id: "01234567",
      trace_state: "",
      attributes: { why: "batch" },
      attributes_json: {},
    },
  ],
  resource_attributes: { "service.name": "shop", "host.name": "a" },
  resource_attributes_json: { "process.command_args": "[]" },
  scope_attributes: { "scope.key": "value" },
};

const summary: SpanRow = {
  ts: toTimestamp(startMs + 1_000, 456),
  duration: 900,
  trace_id: traceId,
  span_id: callId,
  parent_span_id: rootId,
  name: "SELECT products",
  kind: 3,
  service: "shop",
  environment: "production",
  resource_id: "18446744073709551615",
  repeats: 20,
  db_system_name: "postgresql",
  db_namespace: "shop",
  db_query_summary: "SELECT products",
  db_query_text: "SELECT * FROM products WHERE id = ?",
  code_file_path: "orders.js",
  code_line_number: 42,
  code_function_name: "list",
  shape_id: "12345678901234567890",
  params_hash: "9",
  returned_rows: 7,
  attributes_int: {
    "culprit.repeat.duration_sum_ns": "800",
    "culprit.repeat.duration_union_ns": "700",
    "culprit.repeat.distinct_params": "19",
    "http.response_content_length": "2100000",
  },
  attributes: {
    "culprit.transaction.id": "tx-9",
    "db.client.connection.pool.name": "db:5432/shop (2)",
  },
  attributes_double: { "culprit.pool.wait_ms": 80.5 },
  attributes_bool: { "culprit.event_loop.is_cause": false },
};

beforeAll(async () => {
  store = await openEmbeddedStore({ folder: join(root, "store") });
  const file = join(root, "spans.native");
  const other = { ...server, trace_id: otherTraceId, span_id: callId, status_code: 0 };
  await writeSpanFile(file, [summary, server, other]);
  await store.insertBlocks("spans", file, "first");
  await writeSpanFile(file, [summary]);
  await store.insertBlocks("spans", file, "a client sent a span again in another body");
});

afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

test("first-spans gives each span once, by start, as columns", async () => {
  const columns = await store.selectNative(firstSpansQuery, {
    places: toPlaces([{ traceId, ...bounds }]),
    fromS: startS,
    toS: startS + 1,
    spansMax: 10,
  });
  expect(toPlainColumns(columns)).toEqual({
    traceId: [traceId, traceId],
    startS: [startS, startS + 1],
    startNs: [123, 456],
    durationNs: [2_000_000_001, 900],
    spanId: [rootId, callId],
    parentSpanId: ["00".repeat(8), rootId],
    name: ["GET /orders", "SELECT products"],
    kind: [2, 3],
    statusCode: [2, 0],
    service: ["shop", "shop"],
    environment: ["production", "production"],
    serviceVersion: ["1.2.3", ""],
    resourceId: ["18446744073709551615", "18446744073709551615"],
    scopeName: ["http", ""],
    weight: [4, 1],
    repeats: [1, 20],
    httpRequestMethod: ["GET", ""],
    httpRoute: ["/orders", ""],
    urlTemplate: ["", ""],
    serverAddress: ["", ""],
    dbSystemName: ["", "postgresql"],
    dbNamespace: ["", "shop"],
    dbQuerySummary: ["", "SELECT products"],
    dbQueryText: ["", "SELECT * FROM products WHERE id = ?"],
    messagingDestinationName: ["", ""],
    codeFilePath: ["", "orders.js"],
    codeLineNumber: [0, 42],
    codeFunctionName: ["", "list"],
    shapeId: ["0", "12345678901234567890"],
    // The bytes of the number 9.
    paramsHash: ["00".repeat(8), `09${"00".repeat(7)}`],
    returnedRows: [-1, 7],
    repeatDurationSumNs: [0, 800],
    repeatDurationUnionNs: [0, 700],
    repeatDistinctParams: [0, 19],
    httpResponseStatusCode: [0, 0],
    responseBytes: [0, 2_100_000],
    responseContentType: ["application/json", ""],
    isResponseWhole: [1, 0],
    isResponseUncompressed: [1, 0],
    poolWaitNs: [0, 80.5e6],
    poolName: ["", "db:5432/shop (2)"],
    transactionId: ["0", "tx-9"],
    isBlockCause: [-1, 0],
  });
});

test.each([traceSpansQuery, longTraceSpansQuery])(
  "$name gives the same, copies too and in any order, inside the range, up to spansMax",
  async (some) => {
    const read = async (parameters: object, ids = [traceId], query = some) => {
      const columns = await store.selectNative(query, {
        places: toPlaces(ids.map((id) => ({ traceId: id, ...bounds }))),
        ...bounds,
        spansMax: 10,
        ...parameters,
      });
      return toPlainColumns(columns);
    };
    const { traceId: ids, ...columns } = await read({}, [otherTraceId, traceId, "00".repeat(16)]);
    expect(ids!.toSorted()).toEqual([traceId, traceId, traceId, otherTraceId].sort());
    const first = await read({}, [traceId], firstSpansQuery);
    expect(Object.keys(first)).toEqual(["traceId", ...Object.keys(columns)]);
    expect((await read({ toS: startS })).spanId).toEqual([rootId]);
    expect(new Set((await read({ fromS: startS + 1 })).spanId)).toEqual(new Set([callId]));
    expect((await read({ spansMax: 1 })).spanId).toHaveLength(1);
    expect((await read({ spansMax: 1 }, [traceId], firstSpansQuery)).spanId).toEqual([rootId]);
    expect(await read({}, ["00".repeat(16)])).toEqual({});
  },
);

test.each([
  ["waterfall-spans", waterfallSpansQuery],
  ["first-waterfall-spans", firstWaterfallSpansQuery],
])("%s gives the spans of one trace, as first-spans does", async (_, query) => {
  const range = { fromS: startS, toS: startS + 1, spansMax: 10 };
  const places = toPlaces([{ traceId, ...bounds }]);
  const all = toPlainColumns(await store.selectNative(firstSpansQuery, { places, ...range }));
  const read = async (different: Partial<WaterfallSpansParameters> = {}) => {
    const parameters = { traceId, ...range, ...different };
    return toPlainColumns(await store.selectNative(query, parameters));
  };
  const columns = await read();
  expect(Object.keys(columns)).toHaveLength(18);
  // One of the spans was sent twice.
  const placeOf = all.spanId!.map((id) => columns.spanId!.indexOf(id));
  const picked = Object.entries(columns).map(([name, values]) => [
    name,
    placeOf.map((place) => values[place]),
  ]);
  expect(all).toMatchObject(Object.fromEntries(picked));
  expect(columns.spanId).toHaveLength(query === waterfallSpansQuery ? 3 : 2);
  expect((await read({ toS: startS })).spanId).toEqual([rootId]);
  expect(new Set((await read({ fromS: startS + 1 })).spanId)).toEqual(new Set([callId]));
  expect((await read({ spansMax: 1 })).spanId).toHaveLength(1);
  expect(await read({ traceId: "00".repeat(16) })).toEqual({});
});

test("first-waterfall-spans gives the first spans, where there are more", async () => {
  const range = { fromS: startS, toS: startS + 1, spansMax: 1 };
  const first = await store.selectNative(firstWaterfallSpansQuery, { traceId, ...range });
  expect(toPlainColumns(first).spanId).toEqual([rootId]);
});

test("trace-bounds finds a trace by its id", async () => {
  const read = async (parameters: TraceBoundsParameters) =>
    coverBounds(await store.select<TraceBoundsRow>(traceBoundsQuery, parameters));
  expect(await read({ traceId })).toEqual({ fromS: startS, toS: startS + 2 });
  expect(await read({ traceId: "00".repeat(16) })).toBeNull();
});

test("span-detail gives what the span, its scope and its resource carry", async () => {
  const [row] = await store.select(spanDetailQuery, {
    traceId,
    spanId: rootId,
    fromS: startS,
    toS: startS + 2,
  } satisfies SpanDetailParameters);
  expect(row).toMatchObject({
    traceId,
    spanId: rootId,
    parentSpanId: "",
    startMs,
    durationNs: 2_000_000_001,
    service: "shop",
    attributes: { "user.id": "it's me\n" },
    attributesInt: { "http.request.body.size": "9007199254740993" },
    attributesDouble: { ratio: 0.5 },
    attributesBool: server.attributes_bool,
    attributesJson: server.attributes_json,
    scopeAttributes: { "scope.key": "value" },
    events: [
      {
        atMs: startMs + 5,
        name: "exception",
        attributes: { "exception.type": "Error" },
        attributesJson: {},
      },
    ],
    links: [
      {
        traceId: Buffer.from("0123456789abcdef").toString("hex"),
        spanId: Buffer.from("01234567").toString("hex"),
        attributes: { why: "batch" },
        attributesJson: {},
      },
    ],
    resourceAttributes: { "service.name": "shop", "host.name": "a" },
    resourceAttributesJson: { "process.command_args": "[]" },
  });
});

test("span-detail gives the resource of a span that doesn't carry it, and nothing for an unknown span", async () => {
  const read = (spanId: string) =>
    store.select(spanDetailQuery, { traceId, spanId, fromS: startS, toS: startS + 2 });
  expect(await read(callId)).toMatchObject([
    { name: "SELECT products", repeats: 20, resourceAttributes: { "host.name": "a" } },
  ]);
  expect(await read("ff".repeat(8))).toEqual([]);
});
