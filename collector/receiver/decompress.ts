import { pipeline } from "node:stream";
import {
  constants,
  createGunzip,
  createZstdDecompress,
  type Gunzip,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import { CollectorError, errorCode } from "../collector-error.ts";

export type Compression = "identity" | "gzip" | "zstd";
type Compressed = Exclude<Compression, "identity">;

/** The compression that a header names; undefined when it is none of ours, or several at once. */
export function toCompression(header: string | undefined): Compression | undefined {
  const name = header?.trim().toLowerCase() || "identity";
  return name === "identity" || name === "gzip" || name === "zstd" ? name : undefined;
}

const outputChunkBytes = 64 * 2 ** 10;

/** A frame names the memory that its reader must set aside; RFC 9659 allows 8 MiB where it comes over HTTP. */
const zstdWindowLogMax = 23;
const zstdParams = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };

/**
 * The content of what arrives, piece by piece; whoever stops reading stops the inflating. Throws what `source` throws,
 * COMPRESSION_INVALID, or BODY_TOO_LARGE when more than `bytesMax` arrives: a compressed body can hold nothing, for ever. Also
 * BODY_TOO_LARGE: a frame of zstd with a window that is too large.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Compressed,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void> {
  let received = 0;
  async function* counted() {
    for await (const chunk of source) {
      received += chunk.length;
      if (received > bytesMax) throw tooLarge(bytesMax);
      yield chunk;
    }
  }
  const decompressor = createDecompressor(compression);
  // Its error arrives at whoever reads from the decompressor, below.
  pipeline(counted, decompressor, () => undefined);
  try {
    for await (const chunk of decompressor) yield chunk;
  } catch (error) {
    if (error instanceof CollectorError) throw error;
    throw invalid(compression, error);
  }
  // Node ends with the first frame of zstd and says nothing of what follows it.
  if (decompressor.bytesWritten < received) throw followed(compression);
}

function createDecompressor(compression: Compressed): Gunzip {
  const chunkSize = outputChunkBytes;
  if (compression === "gzip") return createGunzip({ chunkSize, rejectGarbageAfterEnd: true });
  return createZstdDecompress({ chunkSize, params: zstdParams });
}

/**
 * The content of a whole body that claims to be so long, in a buffer of its own, which may have some bytes behind it. It holds
 * the thread up for as long as that takes, about a millisecond a mebibyte, and a stream would cost as much again. Throws
 * COMPRESSION_INVALID, also when the content is longer, or BODY_TOO_LARGE for a window of zstd.
 */
export function decompressAtOnce(
  sent: Uint8Array,
  compression: Compressed,
  claimedBytes: number,
): Uint8Array<ArrayBuffer> {
  // With room left at the end it is known to have come to it.
  const chunkSize = Math.max(constants.Z_MIN_CHUNK, claimedBytes + 1);
  const options = { chunkSize, maxOutputLength: chunkSize, info: true };
  let content: Buffer<ArrayBuffer>;
  let readBytes: number;
  try {
    const { buffer, engine } = untyped(
      compression === "gzip"
        ? gunzipSync(sent, options)
        : zstdDecompressSync(sent, { ...options, params: zstdParams }),
    );
    content = buffer;
    readBytes = engine.bytesWritten;
  } catch (error) {
    throw invalid(compression, error);
  }
  if (readBytes < sent.length) throw followed(compression);
  // A short one lies among others of Node's.
  const isOwn = content.buffer.byteLength === chunkSize;
  return isOwn ? new Uint8Array(content.buffer, 0, content.length) : new Uint8Array(content);
}

/** What comes with `info`, of which the types know nothing. */
function untyped(result: unknown) {
  return result as {
    readonly buffer: Buffer<ArrayBuffer>;
    readonly engine: { readonly bytesWritten: number };
  };
}

/** Of zstd: magic number, descriptor, window, dictionary, content size. In gzip even nothing is longer. */
const headBytesMax = 18;
const zstdDictionaryBytes = [0, 1, 2, 4];
const zstdContentSizeBytes = [0, 2, 4, 8];

/** How long the content of a whole body says to be: RFC 1952 section 2.3.1, RFC 8878 section 3.1.1.1. undefined: it does not. */
export function claimedLength(sent: Uint8Array, compression: Compressed): number | undefined {
  const bytes = Buffer.from(sent.buffer, sent.byteOffset, sent.length);
  if (bytes.length < headBytesMax) return undefined;
  if (compression === "gzip") return bytes.readUInt32LE(bytes.length - 4);
  const descriptor = bytes.readUInt8(4);
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const sizeBytes = zstdContentSizeBytes[descriptor >> 6]! || Number(isSingleSegment);
  if (sizeBytes === 0) return undefined;
  const at = 5 + Number(!isSingleSegment) + zstdDictionaryBytes[descriptor & 0b11]!;
  const size = bytes.readUIntLE(at, Math.min(sizeBytes, 6));
  return sizeBytes === 2 ? size + 256 : size;
}

export function tooLarge(bytesMax: number): CollectorError {
  return new CollectorError("BODY_TOO_LARGE", `body is over ${bytesMax} bytes`);
}

function invalid(compression: Compressed, cause: unknown): CollectorError {
  const code = errorCode(cause);
  if (code === "ZSTD_error_frameParameter_windowTooLarge") {
    const message = `zstd with a window over ${2 ** zstdWindowLogMax} bytes`;
    return new CollectorError("BODY_TOO_LARGE", message, cause);
  }
  // More content than it says to have: another member of gzip, or zeros, where its length should be.
  if (code === "ERR_BUFFER_TOO_LARGE") return followed(compression);
  const message = `body is not ${compression}: ${(cause as Error).message}`;
  return new CollectorError("COMPRESSION_INVALID", message, cause);
}

function followed(compression: Compressed): CollectorError {
  return new CollectorError("COMPRESSION_INVALID", `${compression} is followed by something else`);
}
