import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeBody, zstdToGzip } from "./content-encoding.ts";

it("loses nothing, whatever the body", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50_000 }), (body) => {
      expect(zstdDecompressSync(encodeBody(body, "zstd"))).toEqual(Buffer.from(body));
      expect(gunzipSync(encodeBody(body, "gzip"))).toEqual(Buffer.from(body));
      expect(encodeBody(body, undefined)).toEqual(body);
      expect(gunzipSync(zstdToGzip(encodeBody(body, "zstd")))).toEqual(Buffer.from(body));
    }),
    { numRuns: 30 },
  );
});

it.each(["zstd", "gzip", undefined] as const)("holds no more than the body takes: %s", (name) => {
  const encoded = encodeBody(Buffer.from("a span like all others ".repeat(10_000)), name);
  expect(encoded.buffer.byteLength).toBe(encoded.byteLength);
});
