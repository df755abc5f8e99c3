import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { CollectorError } from "../collector-error.ts";
import { freeBytes } from "../free-bytes.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { type Compression, decompress, tooLarge } from "./decompress.ts";

export interface BodyOptions {
  readonly compression: Compression;
  /** Length that the sender announces, as sent; 0 when it doesn't. */
  readonly declaredBytes: number;
  readonly bytesMax: number;
  readonly budget: ByteBudget;
  /** Told of decompressed bytes as they come, for what limits a sender. */
  readonly onBytes: (bytes: number) => void;
}

export interface Body {
  /** Decompressed, in a buffer of its own, so that it can be transferred to a worker. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the decompressed bytes. */
  readonly sha256: string;
}

/**
 * Reads a body, hands it to `use`, and holds its bytes of the budget until `use` settles. What is over a limit is not
 * read to its end, nor inflated. Throws BODY_TOO_LARGE, IN_FLIGHT_FULL, COMPRESSION_INVALID, and what `source` throws.
 */
export async function withBody<Result>(
  source: AsyncIterable<Uint8Array>,
  { compression, declaredBytes, bytesMax, budget, onBytes }: BodyOptions,
  use: (body: Body) => Promise<Result>,
): Promise<Result> {
  if (declaredBytes > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  const hash = createHash("sha256");
  let length = 0;
  try {
    const content = compression === "identity" ? source : decompress(source, compression, bytesMax);
    for await (const chunk of content) {
      if (length + chunk.length > bytesMax) throw tooLarge(bytesMax);
      if (!budget.take(chunk.length)) {
        const message = "too many bytes of other requests are under way";
        throw new CollectorError("IN_FLIGHT_FULL", message);
      }
      length += chunk.length;
      onBytes(chunk.length);
      hash.update(chunk);
      chunks.push(chunk);
    }
    const bytes = concat(chunks, length);
    // What came as it is may share its buffer with the next request.
    if (compression !== "identity") for (const chunk of chunks) freeChunk(chunk);
    return await use({ bytes, sha256: hash.digest("hex") });
  } finally {
    budget.release(length);
  }
}

/** What a client sends, as it comes. The request stays open for an answer. Throws BODY_ABORTED when the client leaves. */
export async function* readChunks(request: Readable): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk;
  } catch (error) {
    throw new CollectorError("BODY_ABORTED", "the client went away", error);
  }
}

/** Reads on and throws away what comes, also when an iterator still waits for more: `resume` alone would be undone. */
export function discardRest(request: Readable): void {
  request.on("data", () => undefined);
}

/** Of a decompressor that has ended; small chunks share the buffer, which is freed with the first of them. */
function freeChunk({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) freeBytes(new Uint8Array(buffer));
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, end);
    end += chunk.length;
  }
  return bytes;
}
