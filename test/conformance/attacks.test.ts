import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  bytes,
  encodeOtlp,
  fixed64,
  message,
  text,
  varint,
} from "../../collector/decode/testing/encode-otlp.ts";
import { attribute, type OtlpSpan } from "../../collector/decode/testing/otlp-model.ts";
import { type CollectorProcess, startCollectorProcess } from "./collector-process.ts";
import { json, newSpan, newSpanId, newTraceId, protobuf, send, toRequest } from "./otlp-client.ts";

/**
 * Attacks on the HTTP receivers (A1 to A10): each has a stated outcome, memory stays bounded, the next client is served.
 * Those that take long are in test/end-to-end/attacks.test.ts.
 */
let collector: CollectorProcess;
/** Bodies under way may hold 256 MiB; as much again is garbage that was not collected yet. */
const growthMiBMax = 600;
let beforeMiB: number;

beforeAll(async () => {
  collector = await startCollectorProcess();
  await expectServed();
  beforeMiB = await collector.residentMiB();
});

afterEach(async () => {
  await expectServed();
  expect((await collector.residentMiB()) - beforeMiB).toBeLessThan(growthMiBMax);
});

afterAll(() => collector?.stop());

async function expectServed(): Promise<void> {
  const body = encodeOtlp(toRequest([newSpan()]));
  expect((await send(`${collector.url}/v1/traces`, body, protobuf)).status).toBe(200);
}

const paths = ["/v1/traces", "/api/v2/spans"];

async function statusOf(
  body: string | Uint8Array,
  headers: Record<string, string> = json,
  path = "/v1/traces",
): Promise<number> {
  return (await send(collector.url + path, body, headers)).status;
}

/** How many of the spans are rejected, of a request that is accepted. */
async function rejectedOf(...spans: readonly OtlpSpan[]): Promise<number> {
  const body = JSON.stringify(toRequest(spans));
  const { status, bytes: answer } = await send(`${collector.url}/v1/traces`, body, json);
  expect(status).toBe(200);
  return Number(JSON.parse(String(answer)).partialSuccess?.rejectedSpans ?? 0);
}

/** Sends these bytes and reads the head of the answer; "" when the connection is closed without one. */
async function raw(...parts: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(collector.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(parts.join("\r\n"));
  let answer = "";
  while (!answer.includes("\r\n\r\n") && !socket.closed) {
    const [chunk] = await Promise.race([once(socket, "data"), once(socket, "close")]);
    answer += chunk instanceof Buffer ? chunk : "";
  }
  socket.destroy();
  return answer;
}

const head = ["POST /v1/traces HTTP/1.1", `Host: 127.0.0.1`, "Content-Type: application/json"];

describe("A1, A2 compressed bodies", () => {
  test("a bomb of gzip or zstd gets 413 on every receiver, ten at once, and 404 elsewhere", async () => {
    const zeros = Buffer.alloc(128 * 2 ** 20);
    const bombs = { gzip: gzipSync(zeros), zstd: zstdCompressSync(zeros) };
    expect(bombs.gzip.length).toBeLessThan(140_000);
    for (const [encoding, bomb] of Object.entries(bombs)) {
      const headers = { ...json, "content-encoding": encoding };
      const sent = paths.flatMap((path) =>
        Array.from({ length: 5 }, () => statusOf(bomb, headers, path)),
      );
      for (const status of await Promise.all(sent)) expect([413, 503]).toContain(status);
      expect(await statusOf(bomb, headers, "/v1/unknown")).toBe(404);
    }
  });

  test.each(["gzip, gzip", `gzip${", deflate".repeat(100)}`, "br", "compress", "x"])(
    "of encoding %s get 415 and are not inflated",
    async (encoding) => {
      const body = gzipSync(gzipSync("{}"));
      for (const path of paths) {
        expect(await statusOf(body, { ...json, "content-encoding": encoding }, path)).toBe(415);
      }
    },
  );

  test("a zstd frame that wants 2 GiB of memory gets 413", async () => {
    const frame = Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0);
    expect(await statusOf(frame, { ...json, "content-encoding": "zstd" })).toBe(413);
  });

  test("A3 gzip that is cut, damaged or followed by anything gets 400", async () => {
    const whole = gzipSync("{}");
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 5]! ^= 1;
    const bodies = [
      whole.subarray(0, -1),
      damaged,
      Buffer.concat([whole, whole]),
      Buffer.from("x"),
    ];
    for (const body of bodies) {
      expect(await statusOf(body, { ...json, "content-encoding": "gzip" })).toBe(400);
    }
  });
});

describe("A4 connections", () => {
  test.each([
    ["a length over the limit", ["Content-Length: 67108865"], 413],
    ["a negative length", ["Content-Length: -1"], 400],
    ["two lengths", ["Content-Length: 2", "Content-Length: 3"], 400],
    ["a length and chunks", ["Content-Length: 2", "Transfer-Encoding: chunked"], 400],
    ["chunks that are none", ["Transfer-Encoding: chunked"], 400],
    ["no bytes of JSON", ["Content-Length: 0"], 400],
  ])("%s gets its refusal", async (_, headers, status) => {
    const answer = await raw(...head, ...headers, "", "xx\r\n");
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

describe("A7 protobuf", () => {
  let deep: Buffer = Buffer.alloc(0);
  for (let level = 0; level < 10_000; level += 1) deep = message(5, [message(1, [deep])]);
  const now = BigInt(Date.now()) * 1_000_000n;
  const valid = [
    bytes(1, Buffer.from(newTraceId(), "hex")),
    bytes(2, Buffer.from(newSpanId(), "hex")),
    fixed64(7, now),
    fixed64(8, now),
  ];
  const spans = (...parts: readonly Buffer[]) =>
    message(1, [message(2, [message(2, [...valid, ...parts])])]);

  test.each<[string, Buffer]>([
    ["an attribute of 10,000 levels", spans(message(9, [text(1, "a"), message(2, [deep])]))],
    ["a length over the end", Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    [
      "a varint of eleven bytes",
      Buffer.concat([Buffer.of(0x08), Buffer.alloc(10, 0x80), Buffer.of(0)]),
    ],
    ["groups", Buffer.of(0x0b, 0x0c)],
    ["field number 0", Buffer.of(0x02, 0x00)],
    ["a string of 4 GiB", spans(Buffer.of(0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f))],
    [
      "a million empty spans",
      message(1, [
        message(
          2,
          Array.from({ length: 1_000_000 }, () => bytes(2, Buffer.alloc(0))),
        ),
      ]),
    ],
  ])("%s gets 400", async (_, body) => {
    expect(await statusOf(body, protobuf)).toBe(400);
  });

  test("a million empty resources, attributes or unknown fields are read and forgotten", async () => {
    const empty = Array.from({ length: 1_000_000 }, () => bytes(1, Buffer.alloc(0)));
    expect(await statusOf(Buffer.concat(empty), protobuf)).toBe(200);
    const attributes = Array.from({ length: 1_000_000 }, () => bytes(9, Buffer.alloc(0)));
    expect(await statusOf(spans(Buffer.concat(attributes)), protobuf)).toBe(200);
    const unknown = Array.from({ length: 1_000_000 }, () => varint(100, 1n));
    expect(await statusOf(Buffer.concat(unknown), protobuf)).toBe(200);
  });
});

describe("A8 JSON", () => {
  test.each<[string, string, number]>([
    ["100,000 levels", "[".repeat(100_000), 400],
    ["100,000 levels, closed", `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 200],
    ["a text of 50 MB", JSON.stringify({ unknown: "x".repeat(50_000_000) }), 200],
    ["20 million objects", `{"unknown":[${"{},".repeat(20_000_000)}{}]}`, 400],
    ["equal keys", '{"resourceSpans":[1],"resourceSpans":[]}', 200],
    [
      "__proto__ as a key",
      '{"__proto__":{"resourceSpans":[1]},"constructor":{"prototype":1}}',
      200,
    ],
    ["a number over a double", '{"resourceSpans":1e400}', 400],
    [
      "a time over 64 bits",
      JSON.stringify(toRequest([newSpan()])).replace(/"\d{19}"/, "1e400"),
      400,
    ],
  ])("of %s gets its answer", async (_, body, status) => {
    expect(await statusOf(body)).toBe(status);
    expect([400, 413]).toContain(await statusOf(body, json, "/api/v2/spans"));
  });
});

describe("A10 what spans hold", () => {
  const second = 1_000_000_000n;
  const at = (ns: bigint) => ({ startTimeUnixNano: String(ns), endTimeUnixNano: String(ns + 1n) });
  const loop = newSpan();

  test.each<[string, readonly OtlpSpan[], number]>([
    [
      "ids of other lengths",
      [
        newSpan({ traceId: "1".repeat(30) }),
        newSpan({ spanId: "1".repeat(18) }),
        newSpan({ traceId: "" }),
      ],
      3,
    ],
    [
      "ids of zeros",
      [newSpan({ traceId: "0".repeat(32) }), newSpan({ spanId: "0".repeat(16) })],
      2,
    ],
    ["an end before its start", [{ ...newSpan(), endTimeUnixNano: "1" }], 1],
    ["the year 1970 and 2554", [newSpan(at(second)), newSpan(at(2n ** 64n - 2n))], 2],
    ["itself as a parent", [{ ...loop, parentSpanId: loop.spanId }], 0],
    [
      "a megabyte in an attribute",
      [newSpan({ attributes: [attribute("a", "x".repeat(1_000_000))] })],
      0,
    ],
    [
      "10,000 attributes",
      [newSpan({ attributes: Array.from({ length: 10_000 }, (_, i) => attribute(`${i}`, i)) })],
      0,
    ],
    [
      "10,000 events",
      [
        newSpan({
          events: Array.from({ length: 10_000 }, () => ({
            timeUnixNano: "1",
            name: "e",
            attributes: [],
          })),
        }),
      ],
      0,
    ],
    ["lone surrogates and NUL", [newSpan({ name: "a\ud800b\u0000" })], 0],
  ])("spans with %s are rejected or kept within their limits", async (_, spans, rejected) => {
    expect(await rejectedOf(...spans)).toBe(rejected);
  });

  test("100,000 children of one span, and two that are each other's parents, are stored", async () => {
    const root = newSpan();
    const { traceId } = root;
    const children = Array.from({ length: 99_997 }, () =>
      newSpan({ traceId, parentSpanId: root.spanId }),
    );
    const [a, b] = [newSpan({ traceId }), newSpan({ traceId })];
    const cycle = [
      { ...a, parentSpanId: b.spanId },
      { ...b, parentSpanId: a.spanId },
    ];
    const body = encodeOtlp(toRequest([root, ...children, ...cycle]));
    expect(await statusOf(body, protobuf)).toBe(200);
  });
});
