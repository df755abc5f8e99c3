import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createGunzip } from "node:zlib";
import { CollectorError } from "../collector-error.ts";
import type { ByteBudget } from "./byte-budget.ts";

export interface BodyOptions {
  readonly isGzip: boolean;
  readonly bytesMax: number;
  readonly budget: ByteBudget;
}

export interface Body {
  /** Decompressed, in a buffer of its own, so that it can be transferred to a worker. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the decompressed bytes. */
  readonly sha256: string;
}

const inflateChunkBytes = 64 * 2 ** 10;

/**
 * Reads a request's body, hands it to `use`, and holds its bytes of the budget until `use` settles. What is over a limit is not
 * read to its end, nor inflated; the request stays open for an answer. Throws BODY_TOO_LARGE,
 * IN_FLIGHT_FULL, GZIP_INVALID or BODY_ABORTED.
 */
export async function withBody<Result>(
  request: IncomingMessage,
  options: BodyOptions,
  use: (body: Body) => Promise<Result>,
): Promise<Result> {
  const { budget, bytesMax, isGzip } = options;
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  const hash = createHash("sha256");
  let length = 0;
  const keep = (chunk: Uint8Array) => {
    if (length + chunk.length > bytesMax) throw tooLarge(bytesMax);
    if (!budget.take(chunk.length)) {
      throw new CollectorError("IN_FLIGHT_FULL", "too many bytes of other requests are under way");
    }
    length += chunk.length;
    hash.update(chunk);
    chunks.push(chunk);
  };
  try {
    const source = isGzip
      ? inflate(request, bytesMax)
      : request.iterator({ destroyOnReturn: false });
    await read(request, source, keep);
    return await use({ bytes: concat(chunks, length), sha256: hash.digest("hex") });
  } finally {
    budget.release(length);
  }
}

async function read(
  request: IncomingMessage,
  source: AsyncIterable<Uint8Array>,
  keep: (chunk: Uint8Array) => void,
): Promise<void> {
  try {
    for await (const chunk of source) keep(chunk);
  } catch (error) {
    if (error instanceof CollectorError) throw error;
    if (request.errored) throw new CollectorError("BODY_ABORTED", "the client went away", error);
    throw new CollectorError(
      "GZIP_INVALID",
      `body is not gzip: ${(error as Error).message}`,
      error,
    );
  }
}

/** Ends with an error when the request does, and when more arrives than any body may have: gzip can hold nothing. */
function inflate(request: IncomingMessage, bytesMax: number): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: inflateChunkBytes, rejectGarbageAfterEnd: true });
  let received = 0;
  request.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    if (received > bytesMax) gunzip.destroy(tooLarge(bytesMax));
  });
  request.once("error", (error) => gunzip.destroy(error));
  return request.pipe(gunzip);
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

function tooLarge(bytesMax: number): CollectorError {
  return new CollectorError("BODY_TOO_LARGE", `body is over ${bytesMax} bytes`);
}
