import { gzipSync } from "node:zlib";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeOtlp } from "../../collector/decode/testing/encode-otlp.ts";
import { exportPaths } from "../../collector/receiver/otlp-grpc.ts";
import { signals } from "../../collector/signal.ts";
import { callGrpc } from "../support/grpc-client.ts";
import { readPartialSuccess, readStatus } from "../support/read-protobuf.ts";
import {
  type HttpAnswer,
  json,
  newSpan,
  newTraceId,
  protobuf,
  send,
  toRequest,
} from "./otlp-client.ts";
import { pipelined } from "./pipelined.ts";
import { type RunningCollector, runCollector } from "./running-collector.ts";

/**
 * What OTLP 1.11 asks of a server, a row a requirement, against a running collector:
 * https://opentelemetry.io/docs/specs/otlp/. P: protocol, G: gRPC, H: HTTP. JSON and what is stored: json.test.ts.
 */
let collector: RunningCollector;
/** Its journal is smaller than any block: it is overloaded. */
let overloaded: RunningCollector;
let client: Client;

beforeAll(async () => {
  collector = await runCollector();
  overloaded = await runCollector({ journalBytesMax: 1 });
  client = open(collector);
});

afterAll(async () => {
  client?.close();
  await collector?.close();
  await overloaded?.close();
});

function open({ grpc }: RunningCollector, options = {}): Client {
  return new Client(grpc, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
    ...options,
  });
}

const [tracesPath] = exportPaths.keys();
const call = (message: Uint8Array, path = tracesPath!) => callGrpc(client, path, message);
const post = (
  body: string | Uint8Array | null,
  headers: Record<string, string>,
  path = "/v1/traces",
) => send(collector.url + path, body, headers);

const mebibyte = 2 ** 20;
const good = () => encodeOtlp(toRequest([newSpan()]));
/** Two spans, of which one has no trace id. */
const half = () => encodeOtlp(toRequest([newSpan(), newSpan({ traceId: "00" })]));
const goodJson = () => JSON.stringify(toRequest([newSpan()]));
const broken = Buffer.of(0x0a, 0x05, 0x01);
const gzipped = { "content-encoding": "gzip" };

function expectStatus({ bytes, headers }: HttpAnswer, contentType: string) {
  expect(headers.get("content-type")).toBe(contentType);
  const { code, message } =
    contentType === json["content-type"] ? JSON.parse(String(bytes)) : readStatus(bytes);
  expect(code).toBeGreaterThan(0);
  expect(message).toMatch(/\w+/);
}

const protocol: Rows = {
  "P1 both transports take plain and gzip": async () => {
    expect((await post(good(), protobuf)).status).toBe(200);
    expect((await post(gzipSync(good()), { ...protobuf, ...gzipped })).status).toBe(200);
    expect((await call(good())).code).toBe(0);
    const gzip = open(collector, { "grpc.default_compression_algorithm": 2 });
    expect((await callGrpc(gzip, tracesPath!, good())).code).toBe(0);
    gzip.close();
  },
};

const grpc: Rows = {
  "G1 there is a unary Export for each signal": async () => {
    expect([...exportPaths.values()]).toEqual(signals);
    for (const path of exportPaths.keys()) {
      expect(path).toMatch(/^\/opentelemetry\.proto\.collector\.\w+\.v1\.\w+Service\/Export$/);
      expect((await call(Buffer.alloc(0), path)).code).toBe(0);
    }
  },
  "G2 over 64 MiB, as sent or inflated, gets RESOURCE_EXHAUSTED without RetryInfo": async () => {
    const large = await call(Buffer.alloc(64 * mebibyte + 1));
    expect(large).toMatchObject({ code: 8, status: { retryAfterS: undefined } });
    const gzip = open(collector, { "grpc.default_compression_algorithm": 2 });
    const bomb = await callGrpc(gzip, tracesPath!, Buffer.alloc(64 * mebibyte + 1));
    expect(bomb).toMatchObject({ code: 8, status: { retryAfterS: undefined } });
    gzip.close();
  },
  "G3 an answer stays small, however much is rejected": async () => {
    const spans = Array.from({ length: 50_000 }, () => newSpan({ traceId: "00" }));
    const { code, response } = await call(encodeOtlp(toRequest(spans)));
    expect(code).toBe(0);
    expect(readPartialSuccess(response)?.rejected).toBe(50_000);
    expect(response.length).toBeLessThan(1000);
  },
  "G4 an empty request succeeds": async () => {
    expect(await call(Buffer.alloc(0))).toMatchObject({ code: 0, response: Buffer.alloc(0) });
  },
  "G5 full success leaves partial_success unset": async () => {
    expect(readPartialSuccess((await call(good())).response)).toBeUndefined();
  },
  "G6 partial success has the exact count and a message in English": async () => {
    const { code, response } = await call(half());
    expect([code, readPartialSuccess(response)]).toEqual([
      0,
      { rejected: 1, message: "rejected 1 of 2 spans: invalid_trace_id 1" },
    ]);
  },
  "G7 a warning rejects nothing and has a message": async () => {
    // Attributes over a limit are dropped and counted; the span is accepted.
    const attributes = Array.from({ length: 1001 }, (_, i) => ({ key: `${i}`, value: {} }));
    const { response } = await call(encodeOtlp(toRequest([newSpan({ attributes })])));
    expect(readPartialSuccess(response)).toEqual({
      rejected: 0,
      message: "stored 1 spans, not with all that they carry: droppedAttributes 1",
    });
  },
  "G8 bad data gets INVALID_ARGUMENT with a BadRequest": async () => {
    const { code, message, status } = await call(broken);
    expect(code).toBe(3);
    expect(status).toMatchObject({ code: 3, violation: message, retryAfterS: undefined });
  },
  "G9 overload gets UNAVAILABLE with RetryInfo": async () => {
    const busy = open(overloaded);
    const answer = await callGrpc(busy, tracesPath!, good());
    expect(answer).toMatchObject({ code: 14, status: { retryAfterS: 5 } });
    busy.close();
  },
  "G10 many calls run at once on one connection": async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => call(good())));
    expect(answers.filter(({ code }) => code !== 0)).toEqual([]);
  },
};

const http: Rows = {
  "H1 there is a POST for each signal": async () => {
    for (const signal of signals)
      expect((await post("", protobuf, `/v1/${signal}`)).status).toBe(200);
  },
  "H2 protobuf and JSON on one port, whatever the case and parameters of their names": async () => {
    for (const type of ["application/json; charset=utf-8", "Application/JSON"]) {
      const answer = await post(goodJson(), { "content-type": type });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([
        200,
        json["content-type"],
      ]);
    }
    const answer = await post(good(), { "content-type": "APPLICATION/X-PROTOBUF;a=b" });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      200,
      protobuf["content-type"],
    ]);
  },
  "H3 over 64 MiB, as sent or inflated, gets 413": async () => {
    const large = Buffer.alloc(64 * mebibyte + 1);
    expect((await post(large, protobuf)).status).toBe(413);
    expect((await post(gzipSync(large), { ...json, ...gzipped })).status).toBe(413);
  },
  "H4 an answer stays small, however much is rejected": async () => {
    const spans = Array.from({ length: 50_000 }, () => newSpan({ traceId: "00" }));
    const answer = await post(encodeOtlp(toRequest(spans)), protobuf);
    expect([answer.status, readPartialSuccess(answer.bytes)?.rejected]).toEqual([200, 50_000]);
    expect(answer.bytes.length).toBeLessThan(1000);
  },
  "H5 success is 200 with an empty message": async () => {
    const inProtobuf = await post(good(), protobuf);
    expect([inProtobuf.status, inProtobuf.bytes.length]).toEqual([200, 0]);
    const inJson = await post(goodJson(), json);
    expect([inJson.status, String(inJson.bytes)]).toEqual([200, "{}"]);
  },
  "H6 partial success is 200 with the exact count": async () => {
    const answer = await post(half(), protobuf);
    expect([answer.status, readPartialSuccess(answer.bytes)?.rejected]).toEqual([200, 1]);
  },
  "H7 every refusal is a Status in the request's encoding": async () => {
    expectStatus(await post(broken, protobuf), protobuf["content-type"]);
    expectStatus(await post("{", json), json["content-type"]);
    expectStatus(
      await post("x", { ...protobuf, "content-encoding": "br" }),
      protobuf["content-type"],
    );
    expectStatus(await post("x", { "content-type": "text/plain" }), json["content-type"]);
    expectStatus(await send(`${collector.url}/v1/traces`, null, json, "GET"), json["content-type"]);
  },
  "H8 what can't be decoded gets 400 with a BadRequest": async () => {
    const inProtobuf = await post(broken, protobuf);
    const status = readStatus(inProtobuf.bytes);
    expect([inProtobuf.status, status.violation]).toEqual([400, status.message]);
    const inJson = await post("[]", json);
    expect(inJson.status).toBe(400);
    expect(JSON.parse(String(inJson.bytes)).details[0]["@type"]).toContain("BadRequest");
  },
  "H9 overload gets 503 with Retry-After": async () => {
    const answer = await send(`${overloaded.url}/v1/traces`, good(), protobuf);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
  },
  "H10 what will never be accepted gets no status that clients retry": async () => {
    const refused = await Promise.all([
      post(broken, protobuf),
      post("{", json),
      post("x", { ...protobuf, ...gzipped }),
      post("x", { ...protobuf, "content-encoding": "br" }),
      post("x", {}),
      post("x", protobuf, "/v1/nothing"),
    ]);
    const statuses = refused.map(({ status }) => status);
    expect(statuses).toEqual([400, 400, 400, 415, 415, 404]);
    expect(refused.map(({ headers }) => headers.get("retry-after"))).toEqual(Array(6).fill(null));
  },
  "H11 an answer is plain, which every client that may take gzip reads": async () => {
    const answer = await post(half(), { ...protobuf, "accept-encoding": "gzip" });
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(readPartialSuccess(answer.bytes)?.rejected).toBe(1);
  },
  "H12 a connection serves many requests, also when they are sent at once": async () => {
    expect(await pipelined(collector.url, [goodJson(), goodJson(), "{"])).toEqual([200, 200, 400]);
  },
  "H13 wrong methods, types, paths and encodings are told apart": async () => {
    const url = `${collector.url}/v1/traces`;
    for (const method of ["GET", "PUT", "PATCH"]) {
      expect((await send(url, null, json, method)).status).toBe(405);
    }
    expect((await post("x", { "content-type": "text/plain" })).status).toBe(415);
    expect((await post("x", { ...json, "content-encoding": "lz4" })).status).toBe(415);
    expect((await post("x", { ...json, ...gzipped })).status).toBe(400);
    expect((await post("x", json, `/v1/${newTraceId()}`)).status).toBe(404);
  },
};

type Rows = Readonly<Record<string, () => Promise<void>>>;

describe.each([
  ["protocol", protocol, 1],
  ["gRPC", grpc, 10],
  ["HTTP", http, 13],
])("%s", (_, rows, count) => {
  test.each(Object.entries(rows))("%s", async (_title, check) => {
    await check();
  });

  test("has a row for each requirement", () => {
    const numbers = Object.keys(rows).map((title) => Number(/^[PGH](\d+) /.exec(title)?.[1]));
    expect(numbers).toEqual(Array.from({ length: count }, (__, i) => i + 1));
  });
});
