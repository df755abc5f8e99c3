import { connect, constants } from "node:http2";
import { gzipSync } from "node:zlib";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { encodeOtlp } from "../../collector/decode/testing/encode-otlp.ts";
import {
  answerOf,
  callGrpc,
  callHeaders,
  exportPath,
  messageHead,
} from "../support/grpc-client.ts";
import { type CollectorProcess, startCollectorProcess } from "./collector-process.ts";
import { callHead, frame, frameType, literal, openRaw } from "./http2-frames.ts";
import { newSpan, toRequest } from "./otlp-client.ts";

/** Attacks on gRPC (A6): each has a stated outcome, memory stays bounded, and the next client is served. */
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
  const client = new Client(collector.grpc, credentials.createInsecure());
  const answer = await callGrpc(client, exportPath, encodeOtlp(toRequest([newSpan()])));
  client.close();
  expect(answer.code).toBe(0);
}

async function callRaw(bytes: Uint8Array, headers = {}, { isOpen = false } = {}) {
  const session = connect(`http://${collector.grpc}`);
  const stream = session.request(callHeaders(headers));
  if (isOpen) stream.write(bytes);
  else stream.end(bytes);
  const answer = await answerOf(stream);
  session.destroy();
  return answer;
}

const calm = constants.NGHTTP2_ENHANCE_YOUR_CALM;

describe("A6 a message", () => {
  test("that announces 4 GiB and stalls gets RESOURCE_EXHAUSTED at once", async () => {
    const answer = await callRaw(messageHead(0xffff_ffff), {}, { isOpen: true });
    expect(answer["grpc-status"]).toBe("8");
  });

  test("that is a bomb of gzip gets RESOURCE_EXHAUSTED, ten at once", async () => {
    const bomb = gzipSync(Buffer.alloc(128 * 2 ** 20));
    expect(bomb.length).toBeLessThan(140_000);
    const bytes = Buffer.concat([messageHead(bomb.length, 1), bomb]);
    const calls = Array.from({ length: 10 }, () => callRaw(bytes, { "grpc-encoding": "gzip" }));
    for (const answer of await Promise.all(calls))
      expect(["8", "14"]).toContain(answer["grpc-status"]);
  });

  test("of an unknown compressor gets UNIMPLEMENTED", async () => {
    const bytes = Buffer.concat([messageHead(3, 1), Buffer.from("xyz")]);
    expect((await callRaw(bytes, { "grpc-encoding": "snappy" }))["grpc-status"]).toBe("12");
  });

  test("that stalls, 400 times a mebibyte, holds what all bodies may, and no more", async () => {
    const sessions = Array.from({ length: 4 }, () => connect(`http://${collector.grpc}`));
    const mebibyte = Buffer.alloc(2 ** 20);
    let refused = 0;
    for (const session of sessions) {
      session.on("error", () => undefined);
      for (let i = 0; i < 100; i += 1) {
        const stream = session.request(callHeaders());
        stream.on("error", () => undefined);
        stream.on("response", (headers) => {
          if (headers["grpc-status"] === "14") refused += 1;
        });
        stream.write(messageHead(60 * 2 ** 20));
        stream.write(mebibyte);
      }
    }
    await expect.poll(() => refused).toBeGreaterThan(0);
    expect((await collector.residentMiB()) - beforeMiB).toBeLessThan(growthMiBMax);
    for (const session of sessions) session.destroy();
    const empty = async () => (await callRaw(messageHead(0)))["grpc-status"];
    await expect.poll(empty).toBe("0");
  });
});

describe("A6 frames", () => {
  test("ten thousand calls that are reset at once (rapid reset) end the connection", async () => {
    const { socket, ended } = openRaw(collector.grpc);
    for (let i = 0; i < 10_000; i += 1) {
      const stream = 2 * i + 1;
      socket.write(frame(frameType.headers, 0x04, stream, callHead));
      socket.write(frame(frameType.reset, 0, stream, Buffer.of(0, 0, 0, 8)));
    }
    expect([calm, constants.NGHTTP2_INTERNAL_ERROR, "closed"]).toContain(await ended);
    socket.destroy();
  });

  test("ten thousand calls at once are held back to their limit", async () => {
    const { socket, ended } = openRaw(collector.grpc);
    for (let i = 0; i < 10_000; i += 1) {
      socket.write(frame(frameType.headers, 0x04, 2 * i + 1, callHead));
    }
    expect([calm, constants.NGHTTP2_INTERNAL_ERROR, "closed"]).toContain(await ended);
    socket.destroy();
  });

  test("a flood of pings is told to calm down", async () => {
    const { socket, ended } = openRaw(collector.grpc);
    const ping = frame(frameType.ping, 0, 0, Buffer.alloc(8));
    socket.write(Buffer.concat(Array.from({ length: 10_000 }, () => ping)));
    expect(await ended).toBe(calm);
    socket.destroy();
  });

  test("a flood of settings is told to calm down", async () => {
    const { socket, ended } = openRaw(collector.grpc);
    const settings = frame(frameType.settings, 0, 0, Buffer.alloc(0));
    socket.write(Buffer.concat(Array.from({ length: 10_000 }, () => settings)));
    expect([calm, "closed"]).toContain(await ended);
    socket.destroy();
  });

  test("headers that never end (CONTINUATION flood) end the connection", async () => {
    const { socket, ended } = openRaw(collector.grpc);
    socket.write(frame(frameType.headers, 0, 1, callHead));
    const more = frame(frameType.continuation, 0, 1, literal("x-filler", "y".repeat(100)));
    socket.write(Buffer.concat(Array.from({ length: 10_000 }, () => more)));
    expect(typeof (await ended)).toMatch(/number|string/);
    socket.destroy();
  });

  test("what is no HTTP/2 ends the connection", async () => {
    const { socket, ended } = openRaw(collector.grpc);
    socket.write(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(10)));
    expect(typeof (await ended)).toMatch(/number|string/);
    socket.destroy();
  });
});
