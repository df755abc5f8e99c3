import { constants, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** As in `Content-Encoding`; undefined: as it is. */
export type ContentEncoding = "zstd" | "gzip" | undefined;

/** Of both the fastest: gzip's level 1 takes a third of the time of level 6, and the body grows by a seventh. */
const level = 1;

/** Most bodies are made to a tenth; of one that does not fit in, more garbage is left. */
const partMax = 1 / 4;
/** Smaller buffers are cut from one that others use, too. */
const ownBufferBytesMin = 8 * 1024;

/** Synchronous: for a thread that has nothing else to do. The pool of threads is the application's. Always a copy. */
export function encodeBody(body: Uint8Array, encoding: ContentEncoding): Uint8Array {
  if (encoding === undefined) return Uint8Array.from(body);
  const chunkSize = Math.max(Math.ceil(body.length * partMax), ownBufferBytesMin);
  const encoded =
    encoding === "zstd"
      ? zstdCompressSync(body, {
          chunkSize,
          params: { [constants.ZSTD_c_compressionLevel]: level },
        })
      : gzipSync(body, { chunkSize, level });
  return withoutSpare(encoded, chunkSize);
}

/**
 * Gives back at once what the compressor had allocated and did not need. Left to the collection of garbage it would be there
 * for long: this thread makes little garbage in its heap, and V8 hardly looks at what lies outside.
 */
function withoutSpare(bytes: Buffer, chunkSize: number): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const isOneChunk = byteOffset === 0 && buffer.byteLength === chunkSize;
  return isOneChunk ? new Uint8Array((buffer as ArrayBuffer).transfer(byteLength)) : bytes;
}

export function zstdToGzip(body: Uint8Array): Uint8Array {
  return gzipSync(zstdDecompressSync(body), { level });
}
