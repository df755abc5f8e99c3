import { DecodeError } from "./decode-error.ts";
import type { DecodeLimits } from "./decode-limits.ts";
import { metricKind } from "./metric-message.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";

/** The fields that data points of all kinds have, together: first those that are lists or messages, then numbers. */
export const pointField = {
  unknown: 0,
  attributes: 1,
  exemplars: 2,
  quantiles: 3,
  bucketCounts: 4,
  explicitBounds: 5,
  positive: 6,
  negative: 7,
  startTime: 8,
  time: 9,
  asDouble: 10,
  asInt: 11,
  count: 12,
  sum: 13,
  min: 14,
  max: 15,
  zeroCount: 16,
  zeroThreshold: 17,
  scale: 18,
  flags: 19,
} as const;

const lastList = pointField.negative;
const fieldCount = 20;

const { attributes, exemplars, quantiles, bucketCounts, explicitBounds } = pointField;
const { positive, negative, startTime, time, asDouble, asInt, count, sum, min, max } = pointField;
const { zeroCount, zeroThreshold, scale, flags } = pointField;

/** By protobuf's tag: every tag of a data point is below 128. */
const numberFields = toFields([
  [0x3a, attributes],
  [0x11, startTime],
  [0x19, time],
  [0x21, asDouble],
  [0x31, asInt],
  [0x2a, exemplars],
  [0x40, flags],
]);
const histogramFields = toFields([
  [0x4a, attributes],
  [0x11, startTime],
  [0x19, time],
  [0x21, count],
  [0x29, sum],
  // Packed, and not.
  [0x32, bucketCounts],
  [0x31, bucketCounts],
  [0x3a, explicitBounds],
  [0x39, explicitBounds],
  [0x42, exemplars],
  [0x50, flags],
  [0x59, min],
  [0x61, max],
]);
const exponentialHistogramFields = toFields([
  [0x0a, attributes],
  [0x11, startTime],
  [0x19, time],
  [0x21, count],
  [0x29, sum],
  [0x30, scale],
  [0x39, zeroCount],
  [0x42, positive],
  [0x4a, negative],
  [0x50, flags],
  [0x5a, exemplars],
  [0x61, min],
  [0x69, max],
  [0x71, zeroThreshold],
]);
const summaryFields = toFields([
  [0x3a, attributes],
  [0x11, startTime],
  [0x19, time],
  [0x21, count],
  [0x29, sum],
  [0x32, quantiles],
  [0x40, flags],
]);

const fieldsByKind: Readonly<Record<number, Uint8Array>> = {
  [metricKind.gauge]: numberFields,
  [metricKind.sum]: numberFields,
  [metricKind.histogram]: histogramFields,
  [metricKind.exponentialHistogram]: exponentialHistogramFields,
  [metricKind.summary]: summaryFields,
};

function toFields(list: readonly (readonly [tag: number, field: number])[]): Uint8Array {
  const fields = new Uint8Array(128);
  for (const [tag, field] of list) fields[tag] = field;
  return fields;
}

/** One OTLP data point of any kind: lists as ranges of the body, numbers in two halves; reused for each. */
export class PointMessage {
  readonly lists: readonly Ranges[] = Array.from({ length: lastList + 1 }, () => new Ranges());
  readonly lo = new Uint32Array(fieldCount);
  readonly hi = new Uint32Array(fieldCount);
  readonly has = new Uint8Array(fieldCount);

  /** Reads the message between the reader's cursor and `end`. */
  read(reader: ProtobufReader, end: number, kind: number, limits: DecodeLimits): void {
    this.#clear(limits);
    const fields = fieldsByKind[kind]!;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      const field = tag < 128 ? fields[tag]! : 0;
      if (field === 0) reader.skip(tag, end);
      else if (field <= lastList) this.#readList(reader, field, tag, end);
      else this.#readNumber(reader, field, tag, end);
    }
  }

  /** How many numbers of eight bytes a list of them has. Throws INVALID_PROTOBUF where they are not whole. */
  countNumbers(field: number): number {
    const { starts, ends, count: ranges } = this.lists[field]!;
    let bytes = 0;
    for (let i = 0; i < ranges; i++) {
      const size = ends[i]! - starts[i]!;
      if (size % 8 !== 0) throw new DecodeError("INVALID_PROTOBUF", "a list ends within a number");
      bytes += size;
    }
    return bytes / 8;
  }

  #readList(reader: ProtobufReader, field: number, tag: number, end: number): void {
    const list = this.lists[field]!;
    if ((tag & 7) === 2) {
      reader.at = list.addMessage(reader, end);
      return;
    }
    const start = reader.at;
    reader.readFixed64(end);
    list.add(start, reader.at);
  }

  #readNumber(reader: ProtobufReader, field: number, tag: number, end: number): void {
    if ((tag & 7) === 1) reader.readFixed64(end);
    else reader.readVarint(end);
    this.lo[field] = reader.lo;
    this.hi[field] = reader.hi;
    this.has[field] = 1;
    // Of the two arms of `value` the last counts, as protobuf has it.
    if (field === asDouble) this.has[asInt] = 0;
    else if (field === asInt) this.has[asDouble] = 0;
  }

  #clear(limits: DecodeLimits): void {
    this.lo.fill(0);
    this.hi.fill(0);
    this.has.fill(0);
    // Numbers that are not packed come one by one; one more than allowed is enough to see that there are too many.
    for (const list of this.lists) list.reset(limits.bucketsMax + 1);
    this.lists[attributes]!.reset(limits.attributesMax);
    this.lists[exemplars]!.reset(limits.exemplarsMax);
  }
}
