import { pipeline } from "node:stream";
import { constants, createGunzip, createZstdDecompress, type Gunzip } from "node:zlib";
import { CollectorError } from "../collector-error.ts";

export type Compression = "identity" | "gzip" | "zstd";

/** The compression that a header names; undefined when it is none of ours, or several at once. */
export function toCompression(header: string | undefined): Compression | undefined {
  const name = header?.trim().toLowerCase() || "identity";
  return name === "identity" || name === "gzip" || name === "zstd" ? name : undefined;
}

const outputChunkBytes = 64 * 2 ** 10;

/** A frame names the memory that its reader must set aside; RFC 9659 allows 8 MiB where it comes over HTTP. */
const zstdWindowLogMax = 23;

/**
 * The content of what arrives, piece by piece; whoever stops reading stops the inflating. Throws what `source` throws,
 * COMPRESSION_INVALID, or BODY_TOO_LARGE when more than `bytesMax` arrives: a compressed body can hold nothing, for ever.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Exclude<Compression, "identity">,
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
    const message = `body is not ${compression}: ${(error as Error).message}`;
    throw new CollectorError("COMPRESSION_INVALID", message, error);
  }
  // Node ends with the first frame of zstd and says nothing of what follows it.
  if (decompressor.bytesWritten < received) {
    throw new CollectorError("COMPRESSION_INVALID", `${compression} is followed by something else`);
  }
}

function createDecompressor(compression: "gzip" | "zstd"): Gunzip {
  const chunkSize = outputChunkBytes;
  if (compression === "gzip") return createGunzip({ chunkSize, rejectGarbageAfterEnd: true });
  const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
  return createZstdDecompress({ chunkSize, params });
}

export function tooLarge(bytesMax: number): CollectorError {
  return new CollectorError("BODY_TOO_LARGE", `body is over ${bytesMax} bytes`);
}
