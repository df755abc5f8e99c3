import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readProtobuf } from "../../test/support/read-protobuf.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import { codeOf, context, decode } from "./testing/decode-model.ts";
import {
  attribute,
  type OtlpAttribute,
  type OtlpSpan,
  requestOf,
  testTimeMs,
} from "./testing/otlp-model.ts";
import { zipkinToProtobuf } from "./zipkin-to-protobuf.ts";

/** The same span as `requestOf` makes it. */
const span = {
  traceId: "0102030405060708090a0b0c0d0e0f10",
  id: "1112131415161718",
  name: "call",
  kind: "CLIENT",
  timestamp: testTimeMs * 1000,
  duration: 5000,
  localEndpoint: { serviceName: "shop" },
};

function decodeZipkin(...spans: readonly object[]) {
  return decodeOtlp(
    "traces",
    zipkinToProtobuf(Buffer.from(JSON.stringify(spans))),
    "protobuf",
    context,
  );
}

function otlp(different: Partial<OtlpSpan>, resource?: readonly OtlpAttribute[]) {
  const times = {
    startTimeUnixNano: `${testTimeMs}000000`,
    endTimeUnixNano: `${testTimeMs + 5}000000`,
  };
  return decode(requestOf({ ...times, ...different }, resource));
}

describe("a span", () => {
  it.each<[string, object, Partial<OtlpSpan>]>([
    ["without tags", {}, {}],
    ["with a short trace id", { traceId: "a1" }, { traceId: "a1".padStart(32, "0") }],
    ["with upper case ids", { id: "ABCDEF0123456789" }, { spanId: "abcdef0123456789" }],
    ["with a parent", { parentId: "ab" }, { parentSpanId: "00000000000000ab" }],
    ["of no kind", { kind: undefined }, { kind: 1 }],
    ["of a server", { kind: "SERVER" }, { kind: 2 }],
    ["of a producer", { kind: "producer" }, { kind: 4 }],
    ["of a consumer", { kind: "CONSUMER" }, { kind: 5 }],
    ["without an end", { duration: null }, { endTimeUnixNano: `${testTimeMs}000000` }],
    [
      "with annotations",
      { annotations: [{ timestamp: testTimeMs * 1000 + 1, value: "wire send" }] },
      { events: [{ timeUnixNano: `${testTimeMs}001000`, name: "wire send", attributes: [] }] },
    ],
    ["that failed", { tags: { error: "no route" } }, { status: { code: 2, message: "no route" } }],
    ["that failed without a reason", { tags: { error: "" } }, { status: { code: 2 } }],
    ["that did not fail", { tags: { error: "false" } }, {}],
    [
      "with OpenTelemetry's status",
      { tags: { "otel.status_code": "ERROR", "otel.status_description": "no" } },
      { status: { code: 2, message: "no" } },
    ],
    ["that is fine", { tags: { "otel.status_code": "OK", error: "x" } }, { status: { code: 1 } }],
    ["with a trace state", { tags: { "w3c.tracestate": "ot=th:8" } }, { traceState: "ot=th:8" }],
  ])("%s is what OTLP says", (_, zipkin, expected) => {
    expect(decodeZipkin({ ...span, ...zipkin }).block).toEqual(otlp(expected).block);
  });

  it("without a service has no resource", () => {
    expect(decodeZipkin({ ...span, localEndpoint: undefined }).block).toEqual(otlp({}, []).block);
  });

  it("has attributes of the network for its endpoints, and its peer unless it is a server", () => {
    const localEndpoint = { serviceName: "shop", ipv4: "10.0.0.1", port: 80 };
    const remoteEndpoint = { serviceName: "stock", ipv6: "::1", port: 9 };
    const network = [
      attribute("network.local.address", "10.0.0.1"),
      attribute("network.local.port", 80),
      attribute("network.peer.address", "::1"),
      attribute("network.peer.port", 9),
    ];
    expect(decodeZipkin({ ...span, localEndpoint, remoteEndpoint }).block).toEqual(
      otlp({ attributes: [...network, attribute("peer.service", "stock")] }).block,
    );
    expect(decodeZipkin({ ...span, kind: "SERVER", localEndpoint, remoteEndpoint }).block).toEqual(
      otlp({ kind: 2, attributes: network }).block,
    );
  });
});

it.each<[Record<string, unknown>, readonly OtlpAttribute[]]>([
  [{ "http.method": "GET" }, [attribute("http.request.method", "GET")]],
  [{ "http.path": "/a" }, [attribute("url.path", "/a")]],
  [{ "http.host": "shop.test:8080" }, [attribute("server.address", "shop.test")]],
  [{ "http.status_code": "302" }, [attribute("http.response.status_code", 302)]],
  [{ "http.status_code": "teapot" }, [attribute("http.status_code", "teapot")]],
  [{ "db.response.returned_rows": "7" }, [attribute("db.response.returned_rows", 7)]],
  [
    { "sql.query": "select 'x' from t" },
    [attribute("db.query.text", "select 'x' from t"), attribute("db.system.name", "other_sql")],
  ],
  [
    { "sql.query": "select 1", "db.system": "mysql" },
    [attribute("db.query.text", "select 1"), attribute("db.system.name", "mysql")],
  ],
  [
    { "cassandra.query": "SELECT a FROM b", "cassandra.keyspace": "k" },
    [
      attribute("db.query.text", "SELECT a FROM b"),
      attribute("db.system.name", "cassandra"),
      attribute("db.namespace", "k"),
    ],
  ],
  [
    { custom: "x", count: 7, flag: true },
    ["x", "7", "true"].map((text, i) => attribute(["custom", "count", "flag"][i]!, text)),
  ],
])("tags %j are the attributes %j", (tags, attributes) => {
  expect(decodeZipkin({ ...span, tags }).block).toEqual(otlp({ attributes }).block);
});

describe("spans that share an id", () => {
  it("become two, the server's below the client's, and children follow the server's", () => {
    const server = { ...span, kind: "SERVER", shared: true, localEndpoint: { serviceName: "b" } };
    const child = { ...span, id: "22", parentId: span.id, localEndpoint: { serviceName: "b" } };
    expect(linksOf(span, server, child)).toEqual([
      ["1112131415161718", ""],
      ["9112131415161718", "1112131415161718"],
      ["0000000000000022", "9112131415161718"],
    ]);
  });

  it("of other traces are left alone", () => {
    const server = { ...span, kind: "SERVER", shared: true };
    const child = { ...span, traceId: "ff", id: "22", parentId: span.id };
    expect(linksOf(server, child)[1]).toEqual(["0000000000000022", "1112131415161718"]);
  });
});

const fixtures = join(import.meta.dirname, "../../test/fixtures/zipkin");
const recorded = readdirSync(fixtures).filter((file) => file.endsWith(".json"));

it.each(recorded)(
  "%s: every span is accepted, has an id of its own and a parent that is there",
  (file) => {
    const body = readFileSync(join(fixtures, file));
    const spans: readonly { timestamp: number }[] = JSON.parse(String(body));
    const startMs = spans[0]!.timestamp / 1000;
    const { rows, rejected } = decodeOtlp("traces", zipkinToProtobuf(body), "protobuf", {
      ...context,
      acceptFromMs: startMs - 60_000,
      acceptToMs: startMs + 60_000,
    });
    expect([rows, rejected]).toEqual([spans.length, 0]);
    const links = linksOf(...spans);
    const ids = new Set(links.map(([id]) => id));
    expect(ids.size).toBe(spans.length);
    const orphans = links.filter(([, parent]) => parent !== "" && !ids.has(parent));
    // Their parents are not in the recording, in Zipkin's own reading neither.
    const missing: Record<string, number> = {
      "envoy.json": 1,
      "messaging2.json": 7,
      "yelp.json": 1,
    };
    expect(orphans.length).toBe(missing[file] ?? 0);
  },
);

/** Span id and parent of each span, in the order of the rewritten request. */
function linksOf(...spans: readonly object[]): [string, string][] {
  const nested = (message: bigint | Buffer, field: number) =>
    readProtobuf(message as Buffer).get(field) ?? [];
  const request = Buffer.from(zipkinToProtobuf(Buffer.from(JSON.stringify(spans))));
  return nested(request, 1)
    .flatMap((resourceSpans) => nested(resourceSpans, 2))
    .flatMap((scopeSpans) => nested(scopeSpans, 2))
    .map((written) => {
      const hex = (field: number) => ((nested(written, field)[0] ?? "") as Buffer).toString("hex");
      return [hex(2), hex(4)];
    });
}

it.each([
  ["no JSON", "["],
  ["an object", '{"traceId":"1"}'],
  ["text for a time", '[{"timestamp":"soon"}]'],
  ["a time that a double can't hold", '[{"timestamp":9007199254740993}]'],
  ["objects as tags", '[{"tags":{"a":{}}}]'],
  ["a list as tags", '[{"tags":[["a"]]}]'],
  ["a span that is text", '["span"]'],
])("refuses %s", (_, text) => {
  expect(codeOf(() => zipkinToProtobuf(Buffer.from(text)))).toBe("INVALID_JSON");
});

it("rejects spans with ids that are no hex, too long or missing, and keeps the others", () => {
  const bad = [{ id: "xyz" }, { id: "1".repeat(17) }, { traceId: "" }, { traceId: null }];
  const { rows, rejectedReasons } = decodeZipkin(span, ...bad.map((b) => ({ ...span, ...b })));
  expect(rows).toBe(1);
  expect(rejectedReasons).toEqual({ invalid_span_id: 2, invalid_trace_id: 2 });
});

it("is an error of ours or a request, whatever the JSON", () => {
  const field = fc.constantFrom(...Object.keys(span), "tags", "shared", "annotations", "parentId");
  fc.assert(
    fc.property(fc.array(fc.dictionary(field, fc.jsonValue())), (spans) => {
      expect(["decoded", "INVALID_JSON"]).toContain(codeOf(() => decodeZipkin(...spans)));
    }),
  );
});
