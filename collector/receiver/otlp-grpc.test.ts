import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Client, credentials } from "@grpc/grpc-js";
import { CompressionAlgorithms } from "@grpc/grpc-js/build/src/compression-algorithms.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  answerOf,
  callGrpc,
  callHeaders,
  exportPath,
  messageHead,
} from "../../test/support/grpc-client.ts";
import { readPartialSuccess } from "../../test/support/read-protobuf.ts";
import { CollectorError } from "../collector-error.ts";
import { openGrpc } from "./grpc-for-tests.ts";

let grpc: Awaited<ReturnType<typeof openGrpc>>;
let client: Client;
const sessions: ClientHttp2Session[] = [];

beforeEach(() => start());

afterEach(() => stop());

async function start(limits: Parameters<typeof openGrpc>[0] = {}): Promise<void> {
  grpc = await openGrpc(limits);
  client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
  });
}

async function stop(): Promise<void> {
  client.close();
  for (const session of sessions.splice(0)) session.destroy();
  await grpc.close();
}

async function restart(limits: Parameters<typeof openGrpc>[0]): Promise<void> {
  await stop();
  await start(limits);
}

/** A call of the official client. */
function call(message: string | Uint8Array, path = exportPath) {
  return callGrpc(client, path, message);
}

/** A connection that sends what a test wants. */
function open(): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${grpc.port}`);
  session.on("error", () => undefined);
  sessions.push(session);
  return session;
}

/** One call of which the test writes every byte; the client ends its side unless `isOpen`. */
async function send(bytes: Uint8Array, different = {}, { isOpen = false } = {}) {
  const stream = open().request(callHeaders(different));
  if (isOpen) stream.write(bytes);
  else stream.end(bytes);
  return await answerOf(stream);
}

function message(bytes: Uint8Array, flag = 0): Buffer {
  return Buffer.concat([messageHead(bytes.length, flag), bytes]);
}

describe("an accepted call", () => {
  test("is answered with an empty response", async () => {
    const { code, response } = await call("3");
    expect([code, response.length]).toEqual([0, 0]);
    expect(grpc.receiver.counters.value("accepted_spans")).toBe(3);
    expect(grpc.receiver.decoded[0]?.[1]).toBe("protobuf");
  });

  test("may be empty, and then nothing is stored", async () => {
    expect((await call("")).code).toBe(0);
    expect(grpc.receiver.stored).toEqual([]);
  });

  test("may be gzip, as the official client sends it", async () => {
    const client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure(), {
      "grpc.default_compression_algorithm": CompressionAlgorithms.gzip,
    });
    expect((await callGrpc(client, exportPath, "7".padEnd(900))).code).toBe(0);
    client.close();
    expect(grpc.receiver.counters.value("accepted_spans")).toBe(7);
  });

  test.each([
    ["gzip", gzipSync("7"), 1],
    ["GZip", gzipSync("7"), 1],
    ["zstd", zstdCompressSync("7"), 1],
    ["gzip", Buffer.from("7"), 0],
    ["identity", Buffer.from("7"), 0],
  ])("may have a message of %s", async (encoding, bytes, flag) => {
    const answer = await send(message(bytes, flag), { "grpc-encoding": encoding });
    expect(answer).toMatchObject({ "grpc-status": "0", ":status": 200, rst: "0" });
    expect(grpc.receiver.counters.value("accepted_spans")).toBe(7);
  });

  test("with rejected spans says how many, and is OK", async () => {
    const { code, response } = await call("1000-300");
    expect(code).toBe(0);
    expect(readPartialSuccess(response)).toEqual({
      rejected: 300,
      message: "rejected 300 of 1000 spans: invalid_trace_id 300",
    });
  });

  test("that came before over HTTP is not stored again", async () => {
    await grpc.receiver.listen();
    expect((await grpc.receiver.post("4")).status).toBe(200);
    expect((await call("4")).code).toBe(0);
    expect(grpc.receiver.stored).toHaveLength(1);
    await grpc.receiver.close();
  });

  test("holds up none of the others on its connection", async () => {
    const append = Promise.withResolvers<void>();
    grpc.receiver.append = () => append.promise;
    const first = call("1");
    await grpc.receiver.bodiesRead(1);
    grpc.receiver.append = async () => {};
    const others = await Promise.all(Array.from({ length: 50 }, (_, i) => call(`${i + 2}`)));
    expect(others.every(({ code }) => code === 0)).toBe(true);
    append.resolve();
    expect((await first).code).toBe(0);
  });
});

describe("a refused call", () => {
  test.each([
    ["over the limit", "1".repeat(1001), "identity"],
    ["over the limit once inflated", gzipSync(Buffer.alloc(900_000)), "gzip"],
  ])(
    "whose message is %s gets RESOURCE_EXHAUSTED, and must not come again",
    async (_, body, encoding) => {
      const answer =
        encoding === "identity"
          ? await call(body)
          : await send(message(Buffer.from(body), 1), { "grpc-encoding": encoding });
      const code = "code" in answer ? answer.code : Number(answer["grpc-status"]);
      expect(code).toBe(8);
      if ("status" in answer)
        expect(answer.status).toMatchObject({ code: 8, retryAfterS: undefined });
      expect(grpc.receiver.counters.value("refused_requests", "BODY_TOO_LARGE")).toBe(1);
      expect(grpc.receiver.decoded).toEqual([]);
    },
  );

  test("that announces more than the limit gets its answer at once", async () => {
    const answer = await send(messageHead(0xffff_ffff), {}, { isOpen: true });
    expect(answer).toMatchObject({ "grpc-status": "8", rst: String(constants.NGHTTP2_NO_ERROR) });
  });

  test("that can't be decoded gets INVALID_ARGUMENT with the reason", async () => {
    const text = "field number 0";
    expect(await call("x")).toMatchObject({
      code: 3,
      message: text,
      status: { code: 3, message: text, violation: text },
    });
  });

  test.each([
    ["JOURNAL_FULL", 5],
    ["JOURNAL_BUSY", 1],
  ] as const)(
    "because of %s gets UNAVAILABLE, and may come again after %d s",
    async (code, seconds) => {
      grpc.receiver.append = () => Promise.reject(new CollectorError(code, "no"));
      expect(await call("1")).toMatchObject({
        code: 14,
        status: { code: 14, retryAfterS: seconds },
      });
      expect(grpc.receiver.counters.value("refused_requests", code)).toBe(1);
    },
  );

  test("because of a fault of ours gets INTERNAL and no details", async () => {
    grpc.receiver.decode = () => Promise.reject(new Error("secret"));
    expect(await call("1")).toMatchObject({ code: 13, message: "internal error" });
    expect(grpc.receiver.logged).toEqual([expect.stringContaining("secret")]);
  });

  test("of an unknown service or method gets UNIMPLEMENTED", async () => {
    expect((await call("1", "/x.Y/Export")).code).toBe(12);
    expect((await call("1", `${exportPath}All`)).code).toBe(12);
  });

  test.each(["br", "gzip, gzip", "snappy"])(
    "of encoding %s gets UNIMPLEMENTED, and is told the known ones",
    async (encoding) => {
      const answer = await send(message(gzipSync("1"), 1), { "grpc-encoding": encoding });
      expect(answer).toMatchObject({
        "grpc-status": "12",
        "grpc-accept-encoding": "identity,gzip,zstd",
      });
    },
  );

  test("of another content type gets HTTP's 415", async () => {
    expect(await send(Buffer.from("{}"), { "content-type": "application/json" })).toMatchObject({
      ":status": 415,
    });
  });
});

describe("a call", () => {
  const one = Buffer.from("1");

  test.each([
    ["no message", "GRPC_MESSAGE_INVALID", Buffer.alloc(0)],
    ["half a head", "GRPC_MESSAGE_INVALID", messageHead(3).subarray(0, 3)],
    ["half a message", "BODY_ABORTED", message(Buffer.from("123")).subarray(0, 6)],
    ["two messages", "GRPC_MESSAGE_INVALID", Buffer.concat([message(one), message(one)])],
    ["an unknown flag", "GRPC_MESSAGE_INVALID", message(one, 2)],
  ])("with %s gets INVALID_ARGUMENT", async (_, code, bytes) => {
    expect(await send(bytes)).toMatchObject({ "grpc-status": "3" });
    expect(grpc.receiver.counters.value("refused_requests", code)).toBe(1);
    expect(grpc.receiver.stored).toEqual([]);
  });

  test.each([{}, { "grpc-encoding": "identity" }])(
    "with a compressed message and the headers %j gets INTERNAL",
    async (headers) => {
      const answer = await send(message(gzipSync("1"), 1), headers);
      expect(answer).toMatchObject({ "grpc-status": "13" });
      const { counters, stored } = grpc.receiver;
      expect(counters.value("refused_requests", "GRPC_ENCODING_MISSING")).toBe(1);
      expect(stored).toEqual([]);
    },
  );

  test("with broken gzip gets INVALID_ARGUMENT", async () => {
    const answer = await send(message(Buffer.from("no gzip"), 1), { "grpc-encoding": "gzip" });
    expect(answer).toMatchObject({ "grpc-status": "3" });
  });

  test("that is refused has a message in which nothing but printable ASCII stands for itself", async () => {
    grpc.receiver.append = () =>
      Promise.reject(new CollectorError("JOURNAL_FULL", "100 % voll: Überlauf 🦀\n"));
    const stream = open().request(callHeaders());
    stream.end(message(Buffer.from("1")));
    const answer = await answerOf(stream);
    expect(answer["grpc-message"]).toBe("100 %25 voll: %C3%9Cberlauf %F0%9F%A6%80%0A");
  });
});

describe("a client", () => {
  test("that goes away in the middle of a message is counted, and nothing kept", async () => {
    const stream = open().request(callHeaders());
    stream.on("error", () => undefined);
    stream.write(Buffer.concat([messageHead(900), Buffer.alloc(100)]));
    await expect.poll(() => grpc.receiver.options.budget.used).toBe(100);
    stream.close(constants.NGHTTP2_CANCEL);
    await grpc.receiver.refused("BODY_ABORTED");
    expect(grpc.receiver.options.budget.used).toBe(0);
  });

  test("that stalls is cut off, and its bytes are given back", async () => {
    await restart({ requestTimeoutMs: 50, headersTimeoutMs: 50 });
    const answer = await send(
      Buffer.concat([messageHead(900), Buffer.alloc(800)]),
      {},
      { isOpen: true },
    );
    expect(answer.rst).toBe(String(constants.NGHTTP2_CANCEL));
    await grpc.receiver.refused("BODY_ABORTED");
    expect(grpc.receiver.options.budget.used).toBe(0);
  });

  test("that stalls on many streams fills the budget and no more; others are told to come again", async () => {
    const session = open();
    const streams = Array.from({ length: 20 }, () => {
      const stream = session.request(callHeaders());
      stream.on("error", () => undefined);
      stream.write(Buffer.concat([messageHead(900), Buffer.alloc(400)]));
      return stream;
    });
    await expect
      .poll(() => grpc.receiver.counters.value("refused_requests", "IN_FLIGHT_FULL"))
      .toBe(17);
    expect(grpc.receiver.options.budget.used).toBe(1200);
    expect(await call("1".padEnd(500))).toMatchObject({
      code: 14,
      status: { retryAfterS: 1 },
    });
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => grpc.receiver.options.budget.used).toBe(0);
    expect((await call("1".padEnd(500))).code).toBe(0);
  });

  test("is told that nothing was done, where all have too many calls under way", async () => {
    await restart({ streamsMax: 1 });
    const append = Promise.withResolvers<void>();
    grpc.receiver.append = () => append.promise;
    const first = call("1");
    await grpc.receiver.bodiesRead(1);
    expect(await send(message(Buffer.from("2")))).toMatchObject({
      rst: String(constants.NGHTTP2_REFUSED_STREAM),
    });
    append.resolve();
    expect((await first).code).toBe(0);
    expect((await call("2")).code).toBe(0);
    expect(grpc.receiver.counters.value("refused_requests", "TOO_MANY_STREAMS")).toBe(1);
  });

  test("is told how many calls it may have under way", async () => {
    await restart({ connectionStreamsMax: 2 });
    const session = open();
    const [settings] = await once(session, "remoteSettings");
    expect(settings.maxConcurrentStreams).toBe(2);
  });
});
