import { delimited, delimitedHead } from "../tracing/attribute-key.ts";

/** Of a buffer that is filled: about six hundred spans. */
export const bufferBytes = 256 * 1024;

/** An instrumentation scope: who made a span. */
export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** What tells a place in a file within encoded spans: the attributes of a call site, or the text of a stack. */
export interface EncodedPlace {
  /** Where the lengths stand, in three bytes each, of all messages that it lies in. */
  readonly lengthsAt: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Of a call site, as in `CallSite`; "" of a stack, which is between `from` and `to` itself. */
  readonly frames: string;
}

/** Encoded spans as they go from the application's thread to the agent's. */
export interface SpanChunk {
  /** Written over by its sender soon: who wants to keep them copies them. */
  readonly bytes: Uint8Array;
  /** Not handed over for its age, or at the end: the next chunk is near. */
  readonly isFilled: boolean;
  /** Index of the scope and end in `bytes`, in turns; the first segment begins at 0. */
  readonly segments: readonly number[];
  readonly scopes: readonly Scope[];
  readonly spans: number;
  /** In order. */
  readonly places: readonly EncodedPlace[];
}

/**
 * The body of an OTLP request, ExportTraceServiceRequest with one ResourceSpans, in parts that follow each other.
 * `resource` is an encoded Resource. Spans are not copied.
 */
export function toRequestParts(chunk: SpanChunk, resource: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [delimited(0x0a, resource)];
  for (const [scope, indexes] of segmentsByScope(chunk.segments)) {
    const spans = indexes.map((index) => spansOf(chunk, index));
    const encodedScope = delimited(0x0a, encodeScope(chunk.scopes[scope]!));
    parts.push(head(0x12, [encodedScope, ...spans]), encodedScope, ...spans);
  }
  return [head(0x0a, parts), ...parts];
}

function spansOf({ bytes, segments }: SpanChunk, index: number): Uint8Array {
  const from = index === 0 ? 0 : segments[index - 1]!;
  return bytes.subarray(from, segments[index + 1]!);
}

/** Tag and length of a field that is made of these parts. */
function head(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  return delimitedHead(
    tag,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
}

/** For each scope where in `segments` its own are. */
function segmentsByScope(segments: readonly number[]): Map<number, number[]> {
  const byScope = new Map<number, number[]>();
  for (let index = 0; index < segments.length; index += 2) {
    const scope = segments[index]!;
    const indexes = byScope.get(scope);
    if (indexes) indexes.push(index);
    else byScope.set(scope, [index]);
  }
  return byScope;
}

function encodeScope({ name, version }: Scope): Uint8Array {
  const encodedName = delimited(0x0a, Buffer.from(name));
  if (version === "") return encodedName;
  return Buffer.concat([encodedName, delimited(0x12, Buffer.from(version))]);
}
