import { isAscii, isUtf8 } from "node:buffer";
import { DecodeError } from "./decode-error.ts";

const initialBytes = 1024;

/** A column that was larger gives its memory back after the request. */
const retainedBytesMax = 4 * 1024 * 1024;

/** Below this a byte loop beats a `subarray` and a `set`. */
const shortStringBytes = 64;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A column of texts, each row one of them. */
export interface StringColumn {
  addEmpty(): void;
  /** Bytes that are no UTF-8 become U+FFFD: whoever reads the column may rely on text. */
  addString(source: Uint8Array, start: number, end: number): void;
  /** A text of which the bytes are there already, and are UTF-8. */
  addEncoded(bytes: Uint8Array): void;
  addText(text: string): void;
}

/**
 * The values of one column, as ClickHouse's Native format has them: numbers little-endian, strings after their length.
 * Grows by doubling, up to `bytesMax`; kept between requests.
 *
 * Where all values have four or eight bytes, they are stored as words (of little-endian machines, which all of ours are),
 * else byte by byte.
 */
export class Column implements StringColumn {
  bytes: Uint8Array = new Uint8Array(initialBytes);
  /** The same memory. */
  #words = new Int32Array(this.bytes.buffer);
  length = 0;
  bytesMax = Number.POSITIVE_INFINITY;

  reset(bytesMax: number): void {
    if (this.bytes.length > retainedBytesMax) this.#take(new Uint8Array(initialBytes));
    this.length = 0;
    this.bytesMax = bytesMax;
  }

  addUint8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  addUint16(value: number): void {
    this.reserve(2);
    this.bytes[this.length++] = value;
    this.bytes[this.length++] = value >>> 8;
  }

  addUint32(value: number): void {
    this.reserve(4);
    this.#putUint32(value);
  }

  addUint64(lo: number, hi: number): void {
    this.reserve(8);
    this.#putUint32(lo);
    this.#putUint32(hi);
  }

  addFloat64(value: number): void {
    float64[0] = value;
    this.addUint64(float64Halves[0]!, float64Halves[1]!);
  }

  addVarint(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest > 127) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  addBytes(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const { bytes } = this;
    if (end - start > shortStringBytes) {
      bytes.set(source.subarray(start, end), this.length);
    } else {
      for (let i = start, at = this.length; i < end; i++, at++) bytes[at] = source[i]!;
    }
    this.length += end - start;
  }

  addZeros(count: number): void {
    this.reserve(count);
    const end = this.length + count;
    if (count > shortStringBytes) this.bytes.fill(0, this.length, end);
    else for (let at = this.length; at < end; at++) this.bytes[at] = 0;
    this.length = end;
  }

  /** Writes what was written since `start` so many times more. */
  repeat(start: number, count: number): void {
    const end = this.length + (this.length - start) * count;
    this.reserve(end - this.length);
    while (this.length < end) {
      const size = Math.min(this.length - start, end - this.length);
      this.bytes.copyWithin(this.length, start, start + size);
      this.length += size;
    }
  }

  addEmpty(): void {
    this.addUint8(0);
  }

  addString(source: Uint8Array, start: number, end: number): void {
    if (end - start > shortStringBytes) this.#addLongString(source, start, end);
    else this.#addShortString(source, start, end);
  }

  addEncoded(bytes: Uint8Array): void {
    this.addVarint(bytes.length);
    this.addBytes(bytes, 0, bytes.length);
  }

  /** A short ASCII text is written letter by letter: the encoder's call costs more than its work. */
  addText(text: string): void {
    const before = this.length;
    if (text.length <= shortStringBytes && this.#addShortAscii(text)) return;
    this.length = before;
    this.addEncoded(encoder.encode(text));
  }

  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(this.length + count);
  }

  writePrefix(_out: Column): void {}

  writeData(out: Column): void {
    out.addBytes(this.bytes, 0, this.length);
  }

  /** Copied and looked at in one loop. */
  #addShortString(source: Uint8Array, start: number, end: number): void {
    this.reserve(1 + end - start);
    const { bytes } = this;
    const before = this.length;
    let at = before;
    let all = 0;
    bytes[at++] = end - start;
    for (let i = start; i < end; i++) {
      const byte = source[i]!;
      all |= byte;
      bytes[at++] = byte;
    }
    this.length = at;
    if (all > 127) this.#mend(before, before + 1);
  }

  #addLongString(source: Uint8Array, start: number, end: number): void {
    const before = this.length;
    this.addVarint(end - start);
    const first = this.length;
    this.addBytes(source, start, end);
    if (!isAscii(this.bytes.subarray(first, this.length))) this.#mend(before, first);
  }

  /** Makes UTF-8 of the string that was just added: at `before` its length, from `first` its bytes. */
  #mend(before: number, first: number): void {
    const bytes = this.bytes.subarray(first, this.length);
    if (isUtf8(bytes)) return;
    const clean = encoder.encode(decoder.decode(bytes));
    this.length = before;
    this.addEncoded(clean);
  }

  #addShortAscii(text: string): boolean {
    this.reserve(1 + text.length);
    const { bytes } = this;
    let at = this.length;
    let all = 0;
    bytes[at++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      all |= code;
      bytes[at++] = code;
    }
    this.length = at;
    return all < 128;
  }

  #grow(size: number): void {
    if (size > this.bytesMax) {
      throw new DecodeError("BLOCK_TOO_LARGE", `the block would hold over ${this.bytesMax} bytes`);
    }
    let capacity = this.bytes.length * 2;
    while (capacity < size) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.#take(grown);
  }

  #take(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.#words = new Int32Array(bytes.buffer);
  }

  #putUint32(value: number): void {
    const at = this.length;
    if ((at & 3) === 0) {
      this.#words[at >> 2] = value;
      this.length = at + 4;
      return;
    }
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.length = at + 4;
  }
}

const float64 = new Float64Array(1);
const float64Halves = new Uint32Array(float64.buffer);
