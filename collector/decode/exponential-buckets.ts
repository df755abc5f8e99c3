import { Column } from "./column.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import type { Ranges } from "./ranges.ts";

/** One half of an exponential histogram, OTLP's Buckets: read first and written later, because it may be too long. */
export class ExponentialBuckets {
  offset = 0;
  /** As UInt64. */
  readonly counts = new Column();
  count = 0;

  /** Reads the last of the messages; without one, no buckets. Stops behind `countMax`: then `count` is more than that. */
  read(reader: ProtobufReader, messages: Ranges, countMax: number): void {
    this.offset = 0;
    this.count = 0;
    this.counts.reset(Number.POSITIVE_INFINITY);
    if (messages.count === 0) return;
    reader.at = messages.starts[messages.count - 1]!;
    const end = messages.ends[messages.count - 1]!;
    while (reader.at < end && this.count <= countMax) {
      const tag = reader.readTag(end);
      if (tag === 0x08) this.offset = fromZigzag(reader.readVarint(end));
      else if (tag === 0x10) this.#readCount(reader, end);
      else if (tag === 0x12) this.#readPacked(reader, reader.readEnd(end), countMax);
      else reader.skip(tag, end);
    }
  }

  #readPacked(reader: ProtobufReader, end: number, countMax: number): void {
    while (reader.at < end && this.count <= countMax) this.#readCount(reader, end);
  }

  #readCount(reader: ProtobufReader, end: number): void {
    reader.readVarint(end);
    this.counts.addUint64(reader.lo, reader.hi);
    this.count++;
  }
}

/** Protobuf's sint32. */
export function fromZigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
