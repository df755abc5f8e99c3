import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { head, ReceiverForTests, readToEnd, readUntil } from "./receiver-for-tests.ts";

const gzip = { "content-encoding": "gzip" };
const zstd = { "content-encoding": "zstd" };
const compress = { identity: Buffer.from, gzip: gzipSync, zstd: zstdCompressSync };
let receiver: ReceiverForTests;

/** A body may have 1000 bytes, all bodies together 1500. */
beforeEach(async () => {
  receiver = await new ReceiverForTests().listen();
});

afterEach(async () => {
  await receiver.close();
});

test("a body arrives as it was sent, however it is cut and compressed", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 5 });
  const compression = fc.constantFrom("identity" as const, "gzip" as const, "zstd" as const);
  await fc.assert(
    fc.asyncProperty(pieces, compression, async (parts, name) => {
      const body = Buffer.concat(parts);
      const sent = compress[name](body);
      receiver.decoded.length = 0;
      receiver.stored.length = 0;
      const socket = await receiver.connect(
        head("Transfer-Encoding: chunked", `Content-Encoding: ${name}`),
      );
      const length = Math.ceil(sent.length / Math.max(1, parts.length));
      for (let start = 0; start < sent.length; start += length) {
        const piece = sent.subarray(start, start + length);
        socket.write(`${piece.length.toString(16)}\r\n`);
        socket.write(piece);
        socket.write("\r\n");
      }
      socket.write("0\r\n\r\n");
      await readUntil(socket, "\r\n\r\n");
      socket.destroy();
      expect(receiver.decoded.map(([bytes]) => Buffer.from(bytes))).toEqual([body]);
    }),
    { numRuns: 40 },
  );
});

test.each([
  ["long when inflated", Buffer.alloc(3 * 2 ** 20, "0123456789")],
  ["long as sent", randomBytes(600_000)],
])("a body that is %s arrives as it was sent, in gzip and zstd", async (_, body) => {
  const roomy = await new ReceiverForTests({
    bodyBytesMax: 4 * 2 ** 20,
    inFlightBytesMax: 4 * 2 ** 20,
  }).listen();
  try {
    await roomy.post(new Uint8Array(gzipSync(body)), gzip);
    roomy.stored.length = 0;
    await roomy.post(new Uint8Array(zstdCompressSync(body)), zstd);
    const [first, second] = roomy.decoded.map(([bytes]) => Buffer.compare(bytes, body));
    expect([first, second]).toEqual([0, 0]);
  } finally {
    await roomy.close();
  }
});

describe("a body over the limit", () => {
  test("is refused by its declared length, before it is sent", async () => {
    const socket = await receiver.connect(head("Content-Length: 1001"));
    expect(await readUntil(socket, "body is over 1000 bytes")).toContain("413 Payload Too Large");
    socket.destroy();
  });

  test("is not asked for when the client waits to be asked", async () => {
    const headers = head("Content-Length: 1001", "Expect: 100-continue");
    const answer = await readUntil(await receiver.connect(headers), "body is over");
    expect(answer).not.toContain("100 Continue");
    const small = await receiver.connect(head("Content-Length: 1", "Expect: 100-continue"));
    await readUntil(small, "100 Continue");
    small.write("1");
    await readUntil(small, "200 OK");
  });

  test("without a declared length is refused when it grows over it, and the connection closed", async () => {
    const socket = await receiver.connect(head("Transfer-Encoding: chunked"));
    const piece = `64\r\n${"1".repeat(100)}\r\n`;
    socket.write(piece.repeat(11));
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1.1 413 .*connection: close/s);
    expect(receiver.decoded).toEqual([]);
  });

  test.each([
    ["a declared length", head("Content-Length: 4000000"), "1".repeat(4_000_000)],
    [
      "chunks",
      head("Transfer-Encoding: chunked"),
      `186a0\r\n${"1".repeat(100_000)}\r\n`.repeat(40),
    ],
  ])(
    "with %s gets its answer to a client that sends all before it reads",
    async (_, start, body) => {
      const socket = await receiver.connect(start);
      socket.pause();
      await new Promise((sent) => socket.write(body, sent));
      expect(await readToEnd(socket)).toContain("413 Payload Too Large");
    },
  );

  test("is refused when only its content is, without inflating the rest", async () => {
    const bomb = gzipSync(Buffer.alloc(900_000));
    expect(bomb.length).toBeLessThan(1000);
    expect((await receiver.post(bomb, gzip)).status).toBe(413);
    expect((await receiver.post(gzipSync("1".padEnd(1000)), gzip)).status).toBe(200);
  });

  test("is refused when its gzip goes on and on with nothing in it", async () => {
    const gzipHead = gzipSync("").subarray(0, 10);
    const emptyBlocks = Buffer.alloc(5 * 300, Buffer.of(0, 0, 0, 0xff, 0xff));
    const socket = await receiver.connect(
      head("Transfer-Encoding: chunked", "Content-Encoding: gzip"),
    );
    socket.write(`${(10 + 1500).toString(16)}\r\n`);
    socket.write(Buffer.concat([gzipHead, emptyBlocks]));
    socket.write("\r\n0\r\n\r\n");
    expect(await readToEnd(socket)).toContain("413 Payload Too Large");
  });
});

describe("a zstd body", () => {
  const whole = zstdCompressSync("12345 some text that is compressed", {
    params: { [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const broken = Buffer.from(whole);
  broken[broken.length - 1]! ^= 1;

  test.each([
    ["is something else", Buffer.from("5")],
    ["is empty", Buffer.alloc(0)],
    ["has a wrong checksum", broken],
    ["is cut off", whole.subarray(0, -1)],
    ["is followed by garbage", Buffer.concat([whole, Buffer.from("x")])],
    ["is followed by another frame", Buffer.concat([whole, whole])],
  ])("gets 400 when it %s", async (_, body) => {
    expect((await receiver.post(new Uint8Array(body), zstd)).status).toBe(400);
    expect(receiver.counters.value("refused_requests", "COMPRESSION_INVALID")).toBe(1);
    expect(receiver.decoded).toEqual([]);
  });

  test("gets 413 when it asks for a window of 2 GiB", async () => {
    // Magic number, no content size, the window; then an empty last block.
    const hugeWindow = Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0);
    for (const body of [hugeWindow, Buffer.concat([hugeWindow, Buffer.alloc(20)])]) {
      expect((await receiver.post(new Uint8Array(body), zstd)).status).toBe(413);
    }
    expect(receiver.counters.value("refused_requests", "BODY_TOO_LARGE")).toBe(2);
  });

  test("gets 413 when its content is over the limit", async () => {
    const bomb = zstdCompressSync(Buffer.alloc(100_000_000));
    expect(bomb.length).toBeGreaterThan(1000);
    const small = zstdCompressSync(Buffer.alloc(2_000_000));
    expect(small.length).toBeLessThan(1000);
    expect((await receiver.post(new Uint8Array(bomb), zstd)).status).toBe(413);
    expect((await receiver.post(new Uint8Array(small), zstd)).status).toBe(413);
    expect((await receiver.post(zstdCompressSync("1".padEnd(1000)), zstd)).status).toBe(200);
  });
});

describe("a body that is not gzip although it says so", () => {
  const whole = gzipSync("12345 some text that is compressed");
  const broken = Buffer.from(whole);
  broken[broken.length - 6]! ^= 1;

  test.each([
    ["is something else", Buffer.from("5")],
    ["is empty", Buffer.alloc(0)],
    ["has a wrong checksum", broken],
    ["is followed by garbage", Buffer.concat([whole, Buffer.from("x")])],
    ["is followed by another member", Buffer.concat([whole, whole])],
    ["is followed by zeros", Buffer.concat([whole, Buffer.alloc(9)])],
  ])("gets 400 when it %s", async (_, body) => {
    const answer = await receiver.post(new Uint8Array(body), gzip);
    expect([answer.status, answer.bytes[0], answer.bytes[1]]).toEqual([400, 0x08, 3]);
    expect(receiver.counters.value("refused_requests", "COMPRESSION_INVALID")).toBe(1);
    expect(receiver.decoded).toEqual([]);
  });

  test.each([[whole], [Buffer.alloc(9)]])("is told when it is followed by more", async (more) => {
    const answer = await receiver.post(new Uint8Array(Buffer.concat([whole, more])), gzip);
    expect(answer.bytes.toString()).toContain("gzip is followed by something else");
  });

  test("gets 400 wherever it is cut off", async () => {
    for (let length = 0; length < whole.length; length += 1) {
      const { status } = await receiver.post(new Uint8Array(whole.subarray(0, length)), gzip);
      expect(status).toBe(400);
    }
    expect(receiver.decoded).toEqual([]);
  });
});

describe("bodies under way", () => {
  test.each([
    ["plain", []],
    ["gzip", ["Content-Encoding: gzip"]],
  ])(
    "a client that goes away in the middle of a %s body is counted, and nothing kept",
    async (_, headers) => {
      const socket = await receiver.connect(head("Content-Length: 900", ...headers));
      socket.write(gzipSync(randomBytes(100)).subarray(0, 60));
      socket.destroy();
      await receiver.refused("BODY_ABORTED");
      expect(receiver.decoded).toEqual([]);
    },
  );

  test("together may not hold more than their limit; the next is told to come again", async () => {
    const append = Promise.withResolvers<void>();
    receiver.append = () => append.promise;
    const first = receiver.post("1".padEnd(900));
    await receiver.bodiesRead(1);
    const second = await receiver.post("2".padEnd(900));
    expect([second.status, second.headers.get("retry-after")]).toEqual([503, "1"]);
    append.resolve();
    expect((await first).status).toBe(200);
    expect((await receiver.post("2".padEnd(900))).status).toBe(200);
  });

  test("give back what they held, however they end", async () => {
    const socket = await receiver.connect(`${head("Content-Length: 900")}${"1".repeat(800)}`);
    socket.destroy();
    await receiver.refused("BODY_ABORTED");
    await receiver.post("x".padEnd(1000));
    await receiver.post(gzipSync(Buffer.alloc(2000)), gzip);
    const answers = await Promise.all([
      receiver.post("1".padEnd(700)),
      receiver.post("2".padEnd(700)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test.each([
    ["two different lengths", ["Content-Length: 1", "Content-Length: 2"]],
    ["a negative length", ["Content-Length: -1"]],
    ["a length and chunks", ["Content-Length: 1", "Transfer-Encoding: chunked"]],
  ])("with %s are refused by the server", async (_, headers) => {
    const socket = await receiver.connect(`${head(...headers)}1\r\n5\r\n0\r\n\r\n`);
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1.1 400 /);
    expect(receiver.decoded).toEqual([]);
  });

  test("of nothing are left to the decoder", async () => {
    const socket = await receiver.connect(head("Content-Length: 0"));
    await readUntil(socket, "200 OK");
    socket.end();
    await once(socket, "close");
    expect(receiver.decoded[0]?.[0].length).toBe(0);
  });
});
