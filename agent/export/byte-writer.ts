/**
 * The primitives of protobuf, written into one buffer. A length is left as wide as its content may need, and filled in
 * behind it; protobuf allows varints with leading zeros. Writes beyond the end of the buffer are lost: whoever writes
 * asks `isWhole` at the end.
 */
export class ByteWriter {
  #bytes: Buffer;
  /** Bytes that are written. */
  length = 0;
  isOverfull = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Goes on in another, empty buffer. */
  restart(bytes: Buffer): void {
    this.#bytes = bytes;
    this.length = 0;
  }

  /** Whether everything since `isOverfull` was set to false has found its place. */
  get isWhole(): boolean {
    return !this.isOverfull && this.length <= this.#bytes.length;
  }

  double(value: number): void {
    doubles[0] = value;
    this.copy(bytesOfDoubles);
  }

  byte(value: number): void {
    this.#bytes[this.length++] = value;
  }

  skip(bytes: number): number {
    const at = this.length;
    this.length += bytes;
    return at;
  }

  fill1(at: number): void {
    this.#bytes[at] = this.length - at - 1;
  }

  fill2(at: number): void {
    const length = this.length - at - 2;
    this.#bytes[at] = (length & 127) | 128;
    this.#bytes[at + 1] = length >>> 7;
  }

  fill3(at: number): void {
    const length = this.length - at - 3;
    this.#bytes[at] = (length & 127) | 128;
    this.#bytes[at + 1] = ((length >>> 7) & 127) | 128;
    this.#bytes[at + 2] = length >>> 14;
  }

  count(fieldTag: number, value: number): void {
    this.byte(fieldTag);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.byte((rest & 127) | 128);
    this.byte(rest);
  }

  /** Four bytes of an id, the highest first. */
  word(word: number): void {
    const at = this.length;
    this.#bytes[at] = word >>> 24;
    this.#bytes[at + 1] = word >>> 16;
    this.#bytes[at + 2] = word >>> 8;
    this.#bytes[at + 3] = word;
    this.length = at + 4;
  }

  /** Nanoseconds since 1970 as fixed64; a double holds today's to a quarter of a microsecond. */
  time(ms: number): void {
    const ns = ms * 1e6;
    const high = Math.floor(ns / 2 ** 32);
    this.#littleEndian(ns - high * 2 ** 32);
    this.#littleEndian(high);
  }

  #littleEndian(word: number): void {
    const at = this.length;
    this.#bytes[at] = word;
    this.#bytes[at + 1] = word >>> 8;
    this.#bytes[at + 2] = word >>> 16;
    this.#bytes[at + 3] = word >>> 24;
    this.length = at + 4;
  }

  /** Tag, length, UTF-8. Most texts are short and ASCII: those are copied here, which is faster than the call. */
  field(fieldTag: number, text: string, charactersMax: number): void {
    const value = text.length > charactersMax ? text.slice(0, charactersMax) : text;
    const characters = value.length;
    this.byte(fieldTag);
    const lengthAt = this.skip(3);
    // Otherwise as much as fits in would be written, and nobody could tell.
    if (this.length + characters * 3 > this.#bytes.length) {
      this.isOverfull = true;
      return;
    }
    const from = this.length;
    const written = characters < 32 ? this.#writeAscii(value, from) : -1;
    this.length = from + (written < 0 ? this.#bytes.write(value, from) : written);
    this.fill3(lengthAt);
  }

  /** How many bytes, or -1 when the text is not ASCII. */
  #writeAscii(value: string, from: number): number {
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 127) return -1;
      this.#bytes[from + i] = code;
    }
    return value.length;
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
    if (length >= 24) this.#bytes.set(source, at);
    else for (let i = 0; i < length; i += 1) this.#bytes[at + i] = source[i]!;
  }
}

const doubles = new Float64Array(1);
const bytesOfDoubles = new Uint8Array(doubles.buffer);
