import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import type { BodyEncoding } from "../collector/decode/decoded-block.ts";
import type { Signal } from "../collector/signal.ts";

/** One request of a recording. */
export interface RecordedRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly encoding: BodyEncoding;
  readonly signal: Signal;
}

/** A file that is no recording; the message says why. */
export class RecordingError extends Error {}

/**
 * The requests of a file, gzip or plain, one after the other; what it is shows in its first bytes:
 *
 *   {…}\n{…}\n   OTLP JSON, a request a line, as the Collector's file exporter writes it; or one request over many lines
 *   [ …          a list of Zipkin's spans
 *   0x00 …       OTLP protobuf, each request behind its length in four bytes
 *   else         OTLP protobuf of one request of traces
 *
 * A request, compressed or not, may have `bytesMax`. Throws RecordingError, and what reading a file throws.
 */
export async function* readRecorded(
  file: string,
  bytesMax: number,
): AsyncGenerator<RecordedRequest, void> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of await readInflated(file)) {
    const { requests, rest } = takeRequests(Buffer.concat([pending, chunk]), bytesMax);
    yield* requests;
    if (rest.length > bytesMax) {
      throw new RecordingError(`a request may have ${bytesMax} bytes: write one a line`);
    }
    pending = rest;
  }
  if (pending.length > 0) yield toLastRequest(pending);
}

interface Taken {
  readonly requests: readonly RecordedRequest[];
  readonly rest: Buffer;
}

/** The requests that have come whole; of files that hold one, none before their end. */
function takeRequests(bytes: Buffer, bytesMax: number): Taken {
  if (bytes[0] === 0x7b) return takeLines(bytes);
  return bytes[0] === 0 ? takeFramed(bytes, bytesMax) : { requests: [], rest: bytes };
}

async function readInflated(file: string): Promise<AsyncIterable<Buffer>> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  await handle.close();
  const isGzip = bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
  const plain = createReadStream(file);
  if (!isGzip) return plain;
  const inflated = createGunzip();
  plain.once("error", (error) => inflated.destroy(error));
  return plain.pipe(inflated);
}

function takeLines(bytes: Buffer): Taken {
  const requests: RecordedRequest[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    // One request over many lines.
    if (start === 0 && !isJson(bytes.subarray(0, end))) break;
    if (end > start) requests.push(toJsonRequest(bytes.subarray(start, end)));
    start = end + 1;
  }
  return { requests, rest: bytes.subarray(start) };
}

function isJson(line: Buffer): boolean {
  try {
    JSON.parse(String(line));
    return true;
  } catch {
    return false;
  }
}

function takeFramed(bytes: Buffer, bytesMax: number): Taken {
  const requests: RecordedRequest[] = [];
  let start = 0;
  while (bytes.length - start >= 4) {
    const length = bytes.readUInt32BE(start);
    if (length > bytesMax) throw new RecordingError(`a request has ${length} bytes of ${bytesMax}`);
    const end = start + 4 + length;
    if (end > bytes.length) break;
    requests.push(toRequest(bytes.subarray(start + 4, end), "protobuf", "traces"));
    start = end;
  }
  return { requests, rest: bytes.subarray(start) };
}

function toLastRequest(bytes: Buffer): RecordedRequest {
  if (bytes[0] === 0x7b) return toJsonRequest(bytes);
  if (bytes[0] === 0x5b) return toRequest(bytes, "zipkin", "traces");
  if (bytes[0] === 0) throw new RecordingError("the last request is cut off");
  return toRequest(bytes, "protobuf", "traces");
}

const signalByField: Readonly<Record<string, Signal>> = {
  resourceSpans: "traces",
  resourceLogs: "logs",
  resourceMetrics: "metrics",
};

function toJsonRequest(bytes: Buffer): RecordedRequest {
  const [, field = ""] = /^\s*\{\s*"(\w+)"/.exec(bytes.toString("utf8", 0, 200)) ?? [];
  return toRequest(bytes, "json", signalByField[field] ?? "traces");
}

/** In memory of its own, which the decoder takes over. */
function toRequest(bytes: Buffer, encoding: BodyEncoding, signal: Signal): RecordedRequest {
  return { bytes: new Uint8Array(bytes), encoding, signal };
}
