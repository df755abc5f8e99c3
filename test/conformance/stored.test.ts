import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, encodeOtlp, message, varint } from "../../collector/decode/testing/encode-otlp.ts";
import type { OtlpAttribute, OtlpSpan } from "../../collector/decode/testing/otlp-model.ts";
import { exportPaths } from "../../collector/receiver/otlp-grpc.ts";
import type { EmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { callGrpc } from "../support/grpc-client.ts";
import { json, newSpan, newSpanId, newTraceId, protobuf, send, toRequest } from "./otlp-client.ts";
import { type RunningCollector, runCollector } from "./running-collector.ts";

/**
 * OTLP 1.11, rows J (JSON) and D (data): what was sent over each transport is what ClickHouse returns. First everything
 * is sent, then the collector ends, then the store is read.
 */
let collector: RunningCollector;
let store: EmbeddedStore;

const attributes: readonly OtlpAttribute[] = [
  { key: "text", value: { stringValue: "Grüße 🦀 \u0000" } },
  { key: "int.max", value: { intValue: "9223372036854775807" } },
  { key: "int.min", value: { intValue: "-9223372036854775808" } },
  { key: "double", value: { doubleValue: -0.1 } },
  { key: "double.nan", value: { doubleValue: "NaN" } },
  { key: "double.infinity", value: { doubleValue: "-Infinity" } },
  { key: "true", value: { boolValue: true } },
  { key: "false", value: { boolValue: false } },
  { key: "bytes", value: { bytesValue: "AP+q" } },
  { key: "empty", value: {} },
  { key: "list", value: { arrayValue: { values: [{ intValue: "1" }, { stringValue: "b" }, {}] } } },
  {
    key: "map",
    value: { kvlistValue: { values: [{ key: "inner", value: { arrayValue: { values: [] } } }] } },
  },
];
const linked = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

/** A span with everything, under a trace id of its own. */
function fullSpan(): OtlpSpan {
  const span = newSpan();
  return {
    ...span,
    parentSpanId: "00f067aa0ba902b7",
    traceState: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
    kind: 4,
    flags: 0x301,
    attributes,
    events: [{ timeUnixNano: span.startTimeUnixNano, name: "thrown", attributes }],
    links: [{ ...linked, traceState: "a=b", attributes }],
    status: { code: 2, message: "no route to host" },
  };
}

const sent = { protobuf: fullSpan(), json: fullSpan(), grpc: fullSpan() };
const upperCase = newTraceId();
const early = newTraceId();
const twice = newSpan();
const zipkin = {
  traceId: newTraceId(),
  id: newSpanId(),
  parentId: newSpanId(),
  kind: "SERVER",
  name: "get /orders",
  timestamp: Date.now() * 1000,
  duration: 5000,
  localEndpoint: { serviceName: "zipkin-shop" },
  tags: { "http.route": "/orders", "order.kind": "large", error: "no route to host" },
};
const hourMs = 3_600_000;
/** Another window than the default. */
const acceptedWindow = { pastMs: 2 * hourMs, futureMs: hourMs };

beforeAll(async () => {
  collector = await runCollector({ acceptedWindow });
  const url = `${collector.url}/v1/traces`;
  const post = async (body: string | Uint8Array, type = json) => {
    const answer = await send(url, body, type);
    expect([answer.status, String(answer.bytes)]).toEqual([200, type === json ? "{}" : ""]);
  };
  await post(encodeOtlp(toRequest([sent.protobuf])), protobuf);
  await post(JSON.stringify(toRequest([sent.json])));
  const client = new Client(collector.grpc, credentials.createInsecure());
  const [path] = exportPaths.keys();
  const { code } = await callGrpc(client, path!, encodeOtlp(toRequest([sent.grpc])));
  expect(code).toBe(0);
  client.close();
  await post(JSON.stringify(toRequest([newSpan({ traceId: upperCase.toUpperCase() })])));
  const numbers = JSON.stringify(toRequest([newSpan({ traceId: early, attributes })]));
  await post(numbers.replace(/"(-?\d{19})"/g, "$1"));
  await post(JSON.stringify(toRequest([twice])));
  await post(JSON.stringify(toRequest([twice])));
  await post(JSON.stringify(toRequest([twice, newSpan()])));
  const ofZipkin = await send(`${collector.url}/api/v2/spans`, JSON.stringify([zipkin]), json);
  expect([ofZipkin.status, ofZipkin.bytes.length]).toEqual([202, 0]);
});

afterAll(() => collector?.close());

async function statusOf(body: string | Uint8Array, type = json): Promise<number> {
  return (await send(`${collector.url}/v1/traces`, body, type)).status;
}

/** How many spans of a request are rejected. */
async function rejectedOf(body: string): Promise<number> {
  const { bytes: answer } = await send(`${collector.url}/v1/traces`, body, json);
  return Number(JSON.parse(String(answer)).partialSuccess?.rejectedSpans ?? 0);
}

const edit = (from: string | RegExp, to: string, span = newSpan()) =>
  JSON.stringify(toRequest([span])).replace(from, to);

describe("while it runs", () => {
  test("J1 ids are hex in either case, not base64", async () => {
    const base64 = Buffer.from(newTraceId(), "hex").toString("base64");
    expect(await rejectedOf(JSON.stringify(toRequest([newSpan({ traceId: base64 })])))).toBe(1);
  });

  test("J2 enums are numbers; their names get 400", async () => {
    expect(await statusOf(edit('"kind":2', '"kind":"SPAN_KIND_SERVER"'))).toBe(400);
    const failed = newSpan({ status: { code: 2 } });
    expect(await statusOf(edit('"code":2', '"code":"STATUS_CODE_ERROR"', failed))).toBe(400);
    expect(await statusOf(edit('"kind":2', '"kind":99'))).toBe(200);
  });

  test("J3 unknown fields are ignored, on every level", async () => {
    const body = edit(/\{"/g, '{"unknown":{"a":[1,null]},"');
    expect([await statusOf(body), await rejectedOf(body)]).toEqual([200, 0]);
  });

  test("J4 names in snake case are unknown fields", async () => {
    expect(await rejectedOf(edit('"traceId"', '"trace_id"'))).toBe(1);
    expect(await statusOf(edit('"resourceSpans"', '"resource_spans"'))).toBe(200);
  });

  test("J6 unknown fields of protobuf are ignored, and text that is no UTF-8 is no error", async () => {
    const known = encodeOtlp(toRequest([newSpan()]));
    const unknown = [varint(200, 7n), bytes(201, Buffer.from("x")), message(202, [varint(1, 1n)])];
    expect(await statusOf(Buffer.concat([...unknown, known, ...unknown]), protobuf)).toBe(200);
    const invalid = encodeOtlp(toRequest([newSpan({ name: "??" })]));
    invalid.set([0xff, 0xfe], invalid.indexOf("??"));
    expect(await statusOf(invalid, protobuf)).toBe(200);
  });

  test("D1 empty envelopes are taken", async () => {
    for (const body of [
      "{}",
      '{"resourceSpans":[]}',
      '{"resourceSpans":[{}]}',
      '{"resourceSpans":[{"scopeSpans":[{}]}]}',
      '{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[]}]}]}',
    ]) {
      expect([await statusOf(body), await rejectedOf(body)]).toEqual([200, 0]);
    }
  });
});

test("spans are rejected outside the window of time that is set, and nowhere else", async () => {
  const minuteMs = 60_000;
  const rejectedAt = (ms: number) => {
    const startTimeUnixNano = `${Date.now() + ms}000000`;
    const times = { startTimeUnixNano, endTimeUnixNano: startTimeUnixNano };
    return rejectedOf(JSON.stringify(toRequest([newSpan(times)])));
  };
  expect(await rejectedAt(-2 * hourMs - minuteMs)).toBe(1);
  expect(await rejectedAt(-2 * hourMs + minuteMs)).toBe(0);
  expect(await rejectedAt(hourMs - minuteMs)).toBe(0);
  expect(await rejectedAt(hourMs + minuteMs)).toBe(1);
});

describe("what is stored", () => {
  beforeAll(async () => {
    store = await collector.openStore();
  });

  async function read(traceId: string): Promise<Readonly<Record<string, unknown>>[]> {
    const sql = `
      SELECT *, toString(ts) AS start, toString(duration) AS nanoseconds,
        lower(hex(span_id)) AS id, lower(hex(parent_span_id)) AS parent,
        mapApply((k, v) -> (k, toString(v)), attributes_double) AS doubles,
        arrayMap(l -> (lower(hex(l.trace_id)), lower(hex(l.span_id)), l.trace_state), links) AS linked
      FROM spans WHERE trace_id = unhex({traceId:String}) ORDER BY ts LIMIT 10`;
    return await store.select({ name: "stored-span", sql }, { traceId });
  }

  const json = {
    bytes: '{"bytesValue":"AP+q"}',
    empty: "{}",
    list: '{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"b"},{}]}}',
    map: '{"kvlistValue":{"values":[{"key":"inner","value":{"arrayValue":{"values":[]}}}]}}',
  };
  const typed = {
    attributes: { text: "Grüße 🦀 \u0000" },
    attributes_int: { "int.max": "9223372036854775807", "int.min": "-9223372036854775808" },
    attributes_bool: { true: true, false: false },
    attributes_json: json,
  };

  test.each(Object.entries(sent))(
    "J7 values keep their type over %s: integers, doubles, bytes, lists, maps, events, links, state, flags",
    async (_, span) => {
      const [row, ...others] = await read(span.traceId);
      expect(others).toEqual([]);
      expect(row).toMatchObject({
        ...typed,
        id: span.spanId,
        parent: span.parentSpanId,
        trace_state: span.traceState,
        kind: 4,
        flags: 0x301,
        nanoseconds: "5000000",
        doubles: { double: "-0.1", "double.nan": "nan", "double.infinity": "-inf" },
        status_code: 2,
        status_message: "no route to host",
        linked: [[linked.traceId, linked.spanId, "a=b"]],
      });
      const startNs = `${span.startTimeUnixNano.slice(0, 10)}.${span.startTimeUnixNano.slice(10)}`;
      expect(new Date(`${row!.start}Z`).getTime()).toBe(Math.floor(Number(startNs) * 1000));
    },
  );

  test("J7 events and links keep theirs as OTLP's JSON", async () => {
    const [row] = await read(sent.json.traceId);
    const [event] = row!.events as Record<string, unknown>[];
    expect(event).toMatchObject({
      name: "thrown",
      attributes: typed.attributes,
      attributes_json: {
        ...json,
        "int.max": '{"intValue":"9223372036854775807"}',
        true: '{"boolValue":true}',
        "double.nan": '{"doubleValue":"NaN"}',
      },
    });
    const [link] = row!.links as Record<string, unknown>[];
    expect(link).toMatchObject({ attributes_json: json });
  });

  test("a span of Zipkin has OTLP's columns", async () => {
    expect(await read(zipkin.traceId)).toMatchObject([
      {
        id: zipkin.id,
        parent: zipkin.parentId,
        service: "zipkin-shop",
        name: "get /orders",
        kind: 2,
        nanoseconds: "5000000",
        http_route: "/orders",
        status_code: 2,
        attributes: { "order.kind": "large" },
      },
    ]);
  });

  test("J1 ids in upper case are the same ids", async () => {
    expect(await read(upperCase)).toHaveLength(1);
  });

  test("J5 64-bit integers are exact as bare numbers, too", async () => {
    expect(await read(early)).toMatchObject([{ attributes_int: typed.attributes_int }]);
  });

  test("D2 a body that comes again is stored once; a span in another body twice, and shown once", async () => {
    expect((await read(twice.traceId)).map(({ id }) => id)).toEqual([twice.spanId, twice.spanId]);
  });
});
