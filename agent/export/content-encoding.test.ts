import { createGzip, createZstdCompress, gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type ContentEncoding, createBodyEncoder, zstdToGzip } from "./content-encoding.ts";

const decoders = { zstd: zstdDecompressSync, gzip: gunzipSync };
const decode = (body: Uint8Array, encoding: ContentEncoding) =>
  Buffer.from(encoding === undefined ? body : decoders[encoding](body));

/** As if Node had it no more. */
const hidden = { _processChunk: undefined };

it.each([
  ["zstd", createBodyEncoder("zstd")],
  ["gzip", createBodyEncoder("gzip")],
  ["each for itself, zstd", createBodyEncoder("zstd", Object.assign(createZstdCompress(), hidden))],
  ["each for itself, gzip", createBodyEncoder("gzip", Object.assign(createGzip(), hidden))],
  ["nothing", createBodyEncoder(undefined)],
] as const)("loses nothing of any body, one after the other: %s", (_name, encoder) => {
  const parts = fc.array(fc.uint8Array({ maxLength: 80_000, size: "max" }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, (body) => {
      for (const part of body) encoder.add(part);
      expect(decode(encoder.end(), encoder.encoding)).toEqual(Buffer.concat(body));
    }),
    { numRuns: 15 },
  );
});

it.each(["zstd", "gzip"] as const)("has room for bytes that can't be compressed: %s", (name) => {
  const encoder = createBodyEncoder(name);
  const part = Buffer.from(Array.from({ length: 500_000 }, (_, i) => Math.imul(i, i * i) >>> 7));
  for (let body = 0; body < 3; body += 1) {
    encoder.add(part);
    encoder.add(part);
    expect(decode(encoder.end(), name)).toEqual(Buffer.concat([part, part]));
  }
});

it("makes gzip of zstd", () => {
  const encoder = createBodyEncoder("zstd");
  encoder.add(Buffer.from("a span"));
  expect(gunzipSync(zstdToGzip(encoder.end())).toString()).toBe("a span");
});

it.each(["zstd", "gzip", undefined] as const)("holds no more than the body takes: %s", (name) => {
  const encoder = createBodyEncoder(name);
  encoder.add(Buffer.from("a span like all others ".repeat(10_000)));
  const body = encoder.end();
  expect(body.buffer.byteLength).toBe(body.byteLength);
});
