import type { Readable } from "node:stream";
import { CollectorError } from "../collector-error.ts";
import { freeBytes } from "../free-bytes.ts";
import type { ByteBudget } from "./byte-budget.ts";
import {
  type Compression,
  claimedLength,
  decompress,
  decompressAtOnce,
  tooLarge,
} from "./decompress.ts";

export interface BodyOptions {
  readonly compression: Compression;
  /** Length that the sender announces, as sent; 0 when it doesn't. */
  readonly declaredBytes: number;
  readonly bytesMax: number;
  readonly budget: ByteBudget;
  /** Told of decompressed bytes as they come, for what limits a sender. */
  readonly onBytes: (bytes: number) => void;
}

/** A compressed body that is no longer than the first, with content no longer than the second, is inflated at once. */
const atOnceSentBytesMax = 256 * 2 ** 10;
const atOnceBytesMax = 2 ** 20;

/**
 * Reads a body, hands it to `use`, decompressed and in a buffer of its own, which can be transferred to a worker, and holds
 * its bytes of the budget until `use` settles. What is over a limit is not read to its end, nor inflated. Throws BODY_TOO_LARGE, IN_FLIGHT_FULL, COMPRESSION_INVALID, and what `source` throws.
 */
export async function withBody<Result>(
  source: AsyncIterable<Uint8Array>,
  options: BodyOptions,
  use: (body: Uint8Array<ArrayBuffer>) => Promise<Result>,
): Promise<Result> {
  const { declaredBytes, bytesMax, budget, onBytes } = options;
  if (declaredBytes > bytesMax) throw tooLarge(bytesMax);
  let length = 0;
  const take = (bytes: number) => {
    if (length + bytes > bytesMax) throw tooLarge(bytesMax);
    if (!budget.take(bytes)) {
      const message = "too many bytes of other requests are under way";
      throw new CollectorError("IN_FLIGHT_FULL", message);
    }
    length += bytes;
    onBytes(bytes);
  };
  try {
    return await use(await readBytes(source, options, take));
  } finally {
    budget.release(length);
  }
}

/** `take` is told of bytes of the content before they are kept, and throws when they must not be. */
async function readBytes(
  source: AsyncIterable<Uint8Array>,
  { compression, bytesMax }: BodyOptions,
  take: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  // What came as it is may share its buffer with the next request.
  if (compression === "identity") return concat(await gather(source, take));
  const start = await gatherStart(source, Math.min(atOnceSentBytesMax, bytesMax));
  if (start.rest === undefined) {
    const sent = start.chunks.length === 1 ? start.chunks[0]! : concat(start.chunks);
    const claimed = claimedLength(sent, compression);
    if (claimed !== undefined && claimed <= Math.min(atOnceBytesMax, bytesMax)) {
      take(claimed);
      const content = decompressAtOnce(sent, compression, claimed);
      for (const chunk of [sent, ...start.chunks]) freeWhole(chunk);
      return content;
    }
  }
  const chunks = await gather(decompress(unwind(start), compression, bytesMax), take);
  const bytes = concat(chunks);
  for (const chunk of chunks) freeChunk(chunk);
  return bytes;
}

async function gather(
  source: AsyncIterable<Uint8Array>,
  take: (bytes: number) => void,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) {
    take(chunk.length);
    chunks.push(chunk);
  }
  return chunks;
}

/** What came first, and where the rest comes from; undefined: that is all. */
interface Start {
  readonly chunks: readonly Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array> | undefined;
}

/** All, or as much as is more than `bytesMax`. */
async function gatherStart(source: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Start> {
  const rest = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  for (let length = 0; length <= bytesMax; length += chunks.at(-1)!.length) {
    const { value, done } = await rest.next();
    if (done) return { chunks, rest: undefined };
    chunks.push(value);
  }
  return { chunks, rest };
}

async function* unwind({ chunks, rest }: Start): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
  if (rest !== undefined) yield* { [Symbol.asyncIterator]: () => rest };
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

/** What is all of its buffer; in any other one there may be what belongs to the next request. */
function freeWhole(chunk: Uint8Array): void {
  if (chunk.byteLength === chunk.buffer.byteLength) freeChunk(chunk);
}

/** Of a decompressor that has ended; small chunks share the buffer, which is freed with the first of them. */
function freeChunk({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) freeBytes(new Uint8Array(buffer));
}

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, end);
    end += chunk.length;
  }
  return bytes;
}
