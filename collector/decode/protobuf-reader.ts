import { DecodeError } from "./decode-error.ts";

/**
 * A cursor over protobuf wire format. Every read takes the end of the message that it reads in, and never passes it.
 * A 64-bit value is left in `lo` and `hi`, unsigned, because a double is exact only to 53 bits.
 *
 * Tags and positions are made by `| 0`: where a single one has been a double, V8 keeps all that are derived from it as
 * doubles, and a loop over the bytes between two of them takes three times the instructions.
 *
 * Throws DecodeError TRUNCATED_PROTOBUF or INVALID_PROTOBUF.
 */
export class ProtobufReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  lo = 0;
  hi = 0;

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
  }

  /** Field number and wire type: `number << 3 | type`, as in `case 0x0a:` for a first field with a length. */
  readTag(end: number): number {
    const byte = this.at < end ? this.bytes[this.at]! : 0;
    if (byte > 7 && byte < 128) {
      this.at++;
      return byte;
    }
    const tag = this.readVarint(end);
    if (this.hi !== 0 || tag < 8) throw invalid(`a tag at byte ${this.at} names no field`);
    return tag | 0;
  }

  /** Returns `lo`; `hi` holds the rest. */
  readVarint(end: number): number {
    if (this.at < end) {
      const byte = this.bytes[this.at]!;
      if (byte < 128) {
        this.at++;
        this.lo = byte;
        this.hi = 0;
        return byte;
      }
    }
    return this.#readLongVarint(end);
  }

  #readLongVarint(end: number): number {
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw truncated("a varint", end);
      const byte = this.bytes[this.at++]!;
      const bits = byte & 127;
      if (shift < 28) lo |= bits << shift;
      else if (shift > 28) hi |= bits << (shift - 32);
      else {
        lo |= bits << 28;
        hi = bits >>> 4;
      }
      if (byte < 128) {
        this.lo = lo >>> 0;
        this.hi = hi >>> 0;
        return this.lo;
      }
    }
    throw invalid(`a varint before byte ${this.at} has more than ten bytes`);
  }

  /** Reads a length and returns where the field ends; the cursor stands at its first byte. */
  readEnd(end: number): number {
    const byte = this.at < end ? this.bytes[this.at]! : 128;
    if (byte < end - this.at && byte < 128) return ++this.at + byte;
    const size = this.readVarint(end);
    if (this.hi !== 0 || size > end - this.at) throw truncated(`a field of ${size} bytes`, end);
    return (this.at + size) | 0;
  }

  readFixed64(end: number): void {
    if (end - this.at < 8) throw truncated("a 64-bit field", end);
    this.lo = this.#readUint32(this.at);
    this.hi = this.#readUint32(this.at + 4);
    this.at += 8;
  }

  readFixed32(end: number): number {
    if (end - this.at < 4) throw truncated("a 32-bit field", end);
    this.at += 4;
    return this.#readUint32(this.at - 4);
  }

  /** Passes over a field that we don't know, or whose wire type isn't the one that we know. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.readVarint(end);
        break;
      case 1:
        this.readFixed64(end);
        break;
      case 2:
        this.at = this.readEnd(end);
        break;
      case 5:
        this.readFixed32(end);
        break;
      default:
        throw invalid(`wire type ${tag & 7} at byte ${this.at} is a group or unknown`);
    }
  }

  #readUint32(at: number): number {
    const bytes = this.bytes;
    const value =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    return value >>> 0;
  }
}

function truncated(what: string, end: number): DecodeError {
  return new DecodeError(
    "TRUNCATED_PROTOBUF",
    `${what} runs past its message's end at byte ${end}`,
  );
}

function invalid(message: string): DecodeError {
  return new DecodeError("INVALID_PROTOBUF", message);
}
