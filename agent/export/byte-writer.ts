import { fourDigits } from "../tracing/hex-words.ts";

/**
 * The primitives of protobuf, written into one buffer. A length is left as wide as its content may need, and filled in
 * behind it; protobuf allows varints with leading zeros. Writes beyond the end of the buffer are lost: whoever writes
 * asks `isWhole` at the end.
 */
export class ByteWriter {
  readonly #bytes: Buffer;
  /** Of the same memory: a word is written at once. */
  readonly #view: DataView;
  /** Bytes that are written. */
  length = 0;
  isOverfull = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Whether everything since `isOverfull` was set to false has found its place. */
  get isWhole(): boolean {
    return !this.isOverfull && this.length <= this.#bytes.length;
  }

  double(value: number): void {
    const at = this.#take(8);
    if (at !== -1) this.setDouble(at, value);
  }

  byte(value: number): void {
    this.#bytes[this.length++] = value;
  }

  skip(bytes: number): number {
    const at = this.length;
    this.length += bytes;
    return at;
  }

  fill3(at: number): void {
    const length = this.length - at - 3;
    this.#bytes[at] = (length & 127) | 128;
    this.#bytes[at + 1] = ((length >>> 7) & 127) | 128;
    this.#bytes[at + 2] = length >>> 14;
  }

  count(fieldTag: number, value: number): void {
    this.byte(fieldTag);
    this.varint(value);
  }

  varint(value: number): void {
    if (value < 128) {
      this.byte(value);
      return;
    }
    let rest = value;
    for (; rest > int32Max; rest = Math.floor(rest / 128)) this.byte((rest & 127) | 128);
    for (; rest > 127; rest >>>= 7) this.byte((rest & 127) | 128);
    this.byte(rest);
  }

  /** A trace's id, its first word first. */
  traceId(fieldTag: number, ids: TraceIdWords): void {
    const at = this.#take(18);
    if (at === -1) return;
    this.#view.setUint8(at, fieldTag);
    this.#view.setUint8(at + 1, 16);
    this.setTraceId(at + 2, ids);
  }

  spanId(fieldTag: number, id0: number, id1: number): void {
    const at = this.#take(10);
    if (at === -1) return;
    this.#view.setUint8(at, fieldTag);
    this.#view.setUint8(at + 1, 8);
    this.setSpanId(at + 2, id0, id1);
  }

  // What follows is written over bytes that are there.

  setTraceId(at: number, { id0, id1, id2, id3 }: TraceIdWords): void {
    this.#view.setUint32(at, id0);
    this.#view.setUint32(at + 4, id1);
    this.#view.setUint32(at + 8, id2);
    this.#view.setUint32(at + 12, id3);
  }

  setSpanId(at: number, id0: number, id1: number): void {
    this.#view.setUint32(at, id0);
    this.#view.setUint32(at + 4, id1);
  }

  setTime(at: number, ms: number): void {
    const ns = ms * 1e6;
    const high = Math.floor(ns / 2 ** 32);
    this.#view.setUint32(at, ns - high * 2 ** 32, true);
    this.#view.setUint32(at + 4, high, true);
  }

  setDouble(at: number, value: number): void {
    this.#view.setFloat64(at, value, true);
  }

  setByte(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** A varint of four bytes, of a value below 2^28. */
  setVarint4(at: number, value: number): void {
    const low = (value & 0x7f) | ((value & 0x3f80) << 1);
    const high = ((value & 0x1fc000) << 2) | ((value & 0xfe00000) << 3);
    this.#view.setInt32(at, low | high | 0x808080, true);
  }

  setHex(at: number, high: number, low: number): void {
    this.#view.setInt32(at, fourDigits(high >>> 16), true);
    this.#view.setInt32(at + 4, fourDigits(high & 0xffff), true);
    this.#view.setInt32(at + 8, fourDigits(low >>> 16), true);
    this.#view.setInt32(at + 12, fourDigits(low & 0xffff), true);
  }

  /** Where so many bytes go; -1 beyond the end, for a view would throw there. */
  #take(bytes: number): number {
    const at = this.length;
    this.length = at + bytes;
    return this.length <= this.#bytes.length ? at : -1;
  }

  /** Sixteen lower-case hex digits. */
  hex(high: number, low: number): void {
    const at = this.#take(16);
    if (at !== -1) this.setHex(at, high, low);
  }

  /** Nanoseconds since 1970 as fixed64; a double holds today's to a quarter of a microsecond. */
  time(fieldTag: number, ms: number): void {
    const at = this.#take(9);
    if (at === -1) return;
    this.#view.setUint8(at, fieldTag);
    this.setTime(at + 1, ms);
  }

  /** Tag, length in three bytes, UTF-8. */
  field(fieldTag: number, text: string, charactersMax: number): void {
    this.byte(fieldTag);
    const lengthAt = this.skip(3);
    this.text(text.length > charactersMax ? text.slice(0, charactersMax) : text);
    this.fill3(lengthAt);
  }

  /** UTF-8. Many texts are short and ASCII: those are copied here, which is faster than the call. */
  text(value: string): void {
    const from = this.length;
    const characters = value.length;
    // Otherwise as much as fits in would be written, and nobody could tell.
    if (from + characters * 3 > this.#bytes.length) {
      this.isOverfull = true;
      return;
    }
    const written = characters < 16 ? writeAscii(this.#bytes, from, value) : -1;
    this.length = from + (written < 0 ? this.#bytes.write(value, from) : written);
  }

  /** A copy of what was written since; undefined when it is not whole. */
  since(from: number): Uint8Array | undefined {
    return this.isWhole
      ? Uint8Array.prototype.slice.call(this.#bytes, from, this.length)
      : undefined;
  }

  /** A short one is copied faster by a loop than by a call. */
  copy(source: Uint8Array): void {
    const { length } = source;
    const at = this.length;
    this.length = at + length;
    if (this.length > this.#bytes.length) {
      this.isOverfull = true;
      return;
    }
    const bytes = this.#bytes;
    if (length >= 14) bytes.set(source, at);
    else for (let i = 0; i < length; i += 1) bytes[at + i] = source[i]!;
  }
}

interface TraceIdWords {
  readonly id0: number;
  readonly id1: number;
  readonly id2: number;
  readonly id3: number;
}

/** How many bytes, or -1 when the text is not ASCII. */
function writeAscii(bytes: Uint8Array, from: number, value: string): number {
  const { length } = value;
  for (let i = 0; i < length; i += 1) {
    const code = value.charCodeAt(i);
    if (code > 127) return -1;
    bytes[from + i] = code;
  }
  return length;
}

const int32Max = 2 ** 31 - 1;

/** Bytes of this very varint. */
export function varintBytes(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  let bytes = 3;
  for (let rest = value; rest >= 2 ** 21; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
