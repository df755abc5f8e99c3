import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline as pipelineTo, type Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { FrontError } from "./front-statement.ts";

export interface FrontBody {
  readonly text: string;
  /** Where the rows of an INSERT are. */
  readonly file?: string;
  remove(): Promise<void>;
}

interface BodyOptions {
  /** The statement is in the address; a body is its rows. */
  readonly isData: boolean;
  readonly textBytesMax: number;
  readonly folder: string | undefined;
}

const inflaters: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ["gzip", () => createGunzip()],
  ["zstd", () => createZstdDecompress()],
]);

/** Reads a request's body: a statement into memory, within its limit; rows into a file of `folder`. */
export async function readFrontBody(
  request: IncomingMessage,
  { isData, textBytesMax, folder }: BodyOptions,
): Promise<FrontBody> {
  const source = inflate(request);
  if (!isData || folder === undefined) {
    const text = await readText(source, textBytesMax);
    if (isData && text !== "")
      throw new FrontError(164, "READONLY", "Cannot execute query in readonly mode: it has rows");
    return { text, remove: async () => undefined };
  }
  const file = join(folder, `${randomUUID()}.rows`);
  const remove = () => rm(file, { force: true });
  try {
    await pipeline(source, createWriteStream(file));
    return { text: "", file, remove };
  } catch (cause) {
    await remove();
    throw new FrontError(23, "CANNOT_READ_FROM_ISTREAM", `the body can't be read: ${cause}`);
  }
}

function inflate(request: IncomingMessage): Readable {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding === "identity") return request;
  const inflater = inflaters.get(encoding)?.();
  if (inflater === undefined)
    throw new FrontError(48, "NOT_IMPLEMENTED", "bodies are plain, gzip or zstd");
  // Whoever reads gets the error, also of a request that breaks off.
  pipelineTo(request, inflater, () => undefined);
  return inflater;
}

async function readText(source: Readable, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new FrontError(223, "QUERY_IS_TOO_LARGE", `over ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
