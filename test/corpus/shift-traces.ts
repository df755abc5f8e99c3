/** Fields of a message that are messages themselves, and those that are times (`fixed64`, Unix nanoseconds). */
interface Shape {
  readonly messages?: Readonly<Record<number, Shape>>;
  readonly times?: readonly number[];
}

/** The times of an ExportTraceServiceRequest; opentelemetry/proto/trace/v1/trace.proto. */
const event: Shape = { times: [1] };
const span: Shape = { times: [7, 8], messages: { 11: event } };
const request: Shape = { messages: { 1: { messages: { 2: { messages: { 2: span } } } } } };

/**
 * Moves the spans of an ExportTraceServiceRequest, in place, so that the last of them ends at `untilMs`. Durations and
 * distances stay as they are: a recording is old, and what is old is not kept.
 */
export function shiftTraces(body: Buffer, untilMs: number): void {
  const times: number[] = [];
  collectTimes(body, 0, body.length, request, times);
  const last = times.reduce((max, at) => bigMax(max, body.readBigUInt64LE(at)), 0n);
  const byNs = BigInt(untilMs) * 1_000_000n - last;
  for (const at of times) body.writeBigUInt64LE(body.readBigUInt64LE(at) + byNs, at);
}

function bigMax(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Adds to `times` where each time of the message in [from, to) begins; `shape` bounds the depth. */
function collectTimes(body: Buffer, from: number, to: number, shape: Shape, times: number[]): void {
  if (to > body.length) throw new Error(`the recording is cut off at byte ${body.length}`);
  for (let at = from; at < to; ) {
    const tag = readVarint(body, at);
    const field = tag.value >>> 3;
    at = tag.end;
    switch (tag.value & 7) {
      case 0:
        at = readVarint(body, at).end;
        break;
      case 1:
        if (shape.times?.includes(field)) times.push(at);
        at += 8;
        break;
      case 2: {
        const length = readVarint(body, at);
        const inner = shape.messages?.[field];
        at = length.end + length.value;
        if (inner) collectTimes(body, length.end, at, inner, times);
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new Error(`no recording of ours: wire type ${tag.value & 7} at byte ${at}`);
    }
  }
}

/** Of tags and lengths, which fit into 32 bits; of other values only the end is right. */
function readVarint(body: Buffer, from: number): { value: number; end: number } {
  let value = 0;
  for (let at = from, shift = 0; ; at += 1, shift += 7) {
    const byte = body[at];
    if (byte === undefined) throw new Error(`the recording is cut off at byte ${at}`);
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, end: at + 1 };
  }
}
