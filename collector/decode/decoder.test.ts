import { afterEach, expect, it } from "vitest";
import { decodeOtlp } from "./decode-otlp.ts";
import { createDecoder, type Decoder, type DecoderOptions } from "./decoder.ts";
import { context } from "./testing/decode-model.ts";
import { encodeOtlp } from "./testing/encode-otlp.ts";
import { requestOf } from "./testing/otlp-model.ts";

const decoders: Decoder[] = [];
afterEach(async () => {
  await Promise.all(decoders.splice(0).map((decoder) => decoder.close()));
});

function open(options?: DecoderOptions): Decoder {
  const decoder = createDecoder(options);
  decoders.push(decoder);
  return decoder;
}

/** A body with memory of its own. */
const bodyOf = (name: string) => new Uint8Array(encodeOtlp(requestOf({ name })));

it("gives what decoding in place gives, in both encodings", async () => {
  const decoder = open();
  const json = Buffer.from(JSON.stringify(requestOf({ name: "a" })));
  const expected = decodeOtlp("traces", json, "json", context);
  expect(await decoder.decode("traces", bodyOf("a"), "protobuf", context)).toEqual(expected);
  expect(await decoder.decode("traces", new Uint8Array(json), "json", context)).toEqual(expected);
});

it("takes over the buffer that a body lies in, and reads nothing but the body", async () => {
  const decoder = open();
  const whole = bodyOf("a");
  const roomy = new Uint8Array([7, ...bodyOf("a"), 7]);
  const decoding = Promise.all([
    decoder.decode("traces", whole, "protobuf", context),
    decoder.decode("traces", roomy.subarray(1, -1), "protobuf", context),
  ]);
  expect((await decoding).map(({ rows }) => rows)).toEqual([1, 1]);
  expect([whole.byteLength, roomy.byteLength]).toEqual([0, 0]);
});

it("refuses a body whose memory is gone, and decodes the next", async () => {
  const decoder = open();
  const body = bodyOf("a");
  const first = decoder.decode("traces", body, "protobuf", context);
  const again = decoder.decode("traces", body, "protobuf", context);
  const next = decoder.decode("traces", bodyOf("b"), "protobuf", context);
  await expect(again).rejects.toMatchObject({ code: "DECODER_FAILED" });
  expect([(await first).rows, (await next).rows]).toEqual([1, 1]);
});

it("rejects a malformed body with its code, and decodes the next", async () => {
  const decoder = open();
  const broken = decoder.decode("traces", new Uint8Array([0x0a, 0x05]), "protobuf", context);
  const next = decoder.decode("traces", bodyOf("a"), "protobuf", context);
  await expect(broken).rejects.toMatchObject({ code: "TRUNCATED_PROTOBUF" });
  expect(await next).toMatchObject({ rows: 1 });
});

it("writes a block over the memory of one that was released, and takes what is too much", async () => {
  const decoder = open();
  const large = () => new Uint8Array(encodeOtlp(requestOf({ name: "a".repeat(100_000) })));
  const first = await decoder.decode("traces", large(), "protobuf", context);
  const content = first.block.slice();
  decoder.release(first.block.fill(7));
  expect(first.block.buffer.detached).toBe(false);
  const tooMuch = new Uint8Array(9 * 1024 * 1024);
  decoder.release(tooMuch);
  expect(tooMuch.buffer.detached).toBe(true);
  const second = await decoder.decode("traces", large(), "protobuf", context);
  expect(first.block.buffer.detached).toBe(true);
  expect(second.block.byteLength).toBe(content.byteLength);
  expect(Buffer.compare(second.block, content)).toBe(0);
});

it("refuses what would overfill its queue, and counts what it holds", async () => {
  const size = bodyOf("a").length;
  const decoder = open({ queueBytesMax: 2 * size });
  const taken = [1, 2].map(() => decoder.decode("traces", bodyOf("a"), "protobuf", context));
  expect(decoder.queuedBytes()).toBe(2 * size);
  await expect(decoder.decode("traces", bodyOf("a"), "protobuf", context)).rejects.toMatchObject({
    code: "DECODER_BUSY",
  });
  await Promise.all(taken);
  expect(decoder.queuedBytes()).toBe(0);
  expect(await decoder.decode("traces", bodyOf("a"), "protobuf", context)).toMatchObject({
    rows: 1,
  });
});

it("a body that ends the worker takes no other with it", async () => {
  const decoder = open();
  // A context without limits is a fault of ours that the worker doesn't survive.
  const faulty = decoder.decode("traces", bodyOf("a"), "protobuf", {
    ...context,
    limits: null as never,
  });
  const next = decoder.decode("traces", bodyOf("b"), "protobuf", context);
  await expect(faulty).rejects.toMatchObject({ code: "DECODER_FAILED" });
  expect(await next).toMatchObject({ rows: 1 });
  expect(decoder.queuedBytes()).toBe(0);
});

/** Of bodies that come while the worker is busy with another. */
async function decodeWaiting(decoder: Decoder, bodies: readonly Uint8Array<ArrayBuffer>[]) {
  const busy = decoder.decode("traces", bodyOf("busy"), "protobuf", context);
  const waiting = bodies.map((body) => decoder.decode("traces", body, "protobuf", context));
  await busy;
  return await Promise.allSettled(waiting);
}

it("decodes what waits into one block, which tells of each body what is in it", async () => {
  const decoder = open();
  const rejected = encodeOtlp(requestOf({ name: "second span", traceId: "00" }));
  const settled = await decodeWaiting(decoder, [
    bodyOf("first span"),
    new Uint8Array(rejected),
    bodyOf("third span"),
  ]);
  const results = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(results.map(({ requests, rows, rejected }) => [requests, rows, rejected])).toEqual([
    [3, 1, 0],
    [3, 0, 1],
    [3, 1, 0],
  ]);
  expect(new Set(results.map(({ block }) => block)).size).toBe(1);
  const text = Buffer.from(results[0]!.block);
  const names = ["first span", "second span", "third span"];
  expect(names.map((name) => text.includes(name))).toEqual([true, false, true]);
});

it("refuses the one of several waiting bodies that is malformed", async () => {
  const decoder = open();
  const broken = new Uint8Array([0x0a, 0x05]);
  const [first, second, third] = await decodeWaiting(decoder, [bodyOf("a"), broken, bodyOf("c")]);
  expect([first, third]).toMatchObject([{ value: { rows: 1 } }, { value: { rows: 1 } }]);
  expect(second).toMatchObject({ reason: { code: "TRUNCATED_PROTOBUF" } });
});

it("of waiting bodies only the one that ends the worker fails", async () => {
  const decoder = open();
  const decode = (limits: typeof context.limits | null) =>
    decoder.decode("traces", bodyOf("a"), "protobuf", { ...context, limits: limits as never });
  const [, first, faulty, last, after] = [context.limits, context.limits, null]
    .concat([context.limits, context.limits])
    .map(decode);
  await expect(faulty).rejects.toMatchObject({ code: "DECODER_FAILED" });
  const rows = [first, last, after].map(async (decoding) => (await decoding!).rows);
  expect(await Promise.all(rows)).toEqual([1, 1, 1]);
  expect(decoder.queuedBytes()).toBe(0);
});

it("a body whose block is to be its own is decoded alone", async () => {
  const decoder = open();
  const busy = decoder.decode("traces", bodyOf("busy"), "protobuf", context);
  const decoding = [false, true, false].map((isAlone) =>
    decoder.decode("traces", bodyOf("a"), "protobuf", { ...context, isAlone }),
  );
  await busy;
  expect((await Promise.all(decoding)).map(({ requests }) => requests)).toEqual([1, 1, 1]);
});

it("spreads bodies over its workers", async () => {
  const decoder = open({ workers: 2 });
  const blocks = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      decoder.decode("traces", bodyOf(`span ${i}`), "protobuf", context),
    ),
  );
  expect(blocks.map(({ block }, i) => Buffer.from(block).includes(`span ${i}`))).toEqual(
    Array(6).fill(true),
  );
});

it("finishes what it took when it is closed, and refuses what comes after", async () => {
  const decoder = open();
  const taken = [1, 2, 3].map(() => decoder.decode("traces", bodyOf("a"), "protobuf", context));
  const closed = decoder.close();
  await expect(decoder.decode("traces", bodyOf("a"), "protobuf", context)).rejects.toMatchObject({
    code: "DECODER_CLOSED",
  });
  await closed;
  expect(await Promise.all(taken)).toHaveLength(3);
});
