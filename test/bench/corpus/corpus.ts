import { gzipSync } from "node:zlib";
import { type EncodedBody, encodeBody } from "./encode-body.ts";
import { RandomValues } from "./random-values.ts";
import { type CorpusSpan, TraceSource } from "./trace-source.ts";

export interface CorpusOptions {
  readonly traces: number;
  /** When its first trace starts, Unix milliseconds, and the time that its traces are spread over. */
  readonly fromMs: number;
  readonly durationMs: number;
  readonly seed?: string;
  /** 512 is the batch of an SDK. */
  readonly bodySpansMax?: number;
}

/** A request as it is sent. */
export interface GzippedBody {
  readonly bytes: Buffer;
  readonly spans: number;
}

/** Requests in the order in which the processes of the shop would send them. */
export function createCorpus(options: CorpusOptions): EncodedBody[] {
  const { traces, fromMs, durationMs, seed = "corpus", bodySpansMax = 512 } = options;
  const originNs = BigInt(fromMs) * 1_000_000n;
  const source = new TraceSource(seed);
  const batches = new Map<number, CorpusSpan[]>();
  const bodies: EncodedBody[] = [];
  for (let i = 0; i < traces; i++) {
    for (const span of source.next(Math.floor((i / traces) * durationMs * 1e6))) {
      const batch = batches.get(span.resource) ?? [];
      batches.set(span.resource, batch);
      batch.push(span);
      if (batch.length < bodySpansMax) continue;
      bodies.push(encodeBody(batch, originNs));
      batches.delete(span.resource);
    }
  }
  for (const batch of batches.values()) bodies.push(encodeBody(batch, originNs));
  return bodies;
}

export function countSpans(bodies: readonly { readonly spans: number }[]): number {
  return bodies.reduce((sum, { spans }) => sum + spans, 0);
}

/**
 * The same requests as others: every id is another one, equal ids stay equal, times move by `shiftMs`. A corpus that is
 * made once becomes as many spans as a bench needs, at the price of the compression.
 */
export function restamp(
  bodies: readonly EncodedBody[],
  { seed, shiftMs }: { readonly seed: string; readonly shiftMs: number },
): GzippedBody[] {
  const mask = new RandomValues(seed).bytes(16);
  const shiftNs = BigInt(shiftMs) * 1_000_000n;
  return bodies.map((body) => ({
    bytes: gzipSync(stamp(body, mask, shiftNs), { level: 1 }),
    spans: body.spans,
  }));
}

function stamp(body: EncodedBody, mask: Buffer, shiftNs: bigint): Buffer {
  const bytes = Buffer.from(body.bytes);
  for (const at of body.traceIds) xor(bytes, at, mask, 16);
  for (const at of body.spanIds) xor(bytes, at, mask, 8);
  for (const at of body.hexIds) {
    const id = Buffer.from(bytes.toString("latin1", at, at + 16), "hex");
    xor(id, 0, mask, 8);
    bytes.write(id.toString("hex"), at, "latin1");
  }
  for (const at of body.times) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) + shiftNs, at);
  return bytes;
}

function xor(bytes: Buffer, at: number, mask: Buffer, length: number): void {
  for (let i = 0; i < length; i++) bytes[at + i]! ^= mask[i]!;
}
