import { Column } from "./column.ts";

/** A length takes four bytes whatever it is, so that it can be filled in once the message is written. */
const lengthBytes = 4;
const messageBytesMax = 2 ** 28 - 1;

/** Writes protobuf wire format. Fields are named by number; a message's length is written as a padded varint. */
export class ProtobufWriter {
  readonly #out = new Column();

  constructor() {
    this.#out.reset(messageBytesMax);
  }

  toBytes(): Uint8Array {
    return this.#out.bytes.subarray(0, this.#out.length);
  }

  /** Returns what `endMessage` wants. */
  beginMessage(field: number): number {
    this.#out.addVarint((field << 3) | 2);
    this.#out.addZeros(lengthBytes);
    return this.#out.length;
  }

  endMessage(start: number): void {
    const { bytes, length } = this.#out;
    const size = length - start;
    bytes[start - 4] = (size & 127) | 128;
    bytes[start - 3] = ((size >>> 7) & 127) | 128;
    bytes[start - 2] = ((size >>> 14) & 127) | 128;
    bytes[start - 1] = size >>> 21;
  }

  writeText(field: number, text: string): void {
    this.#out.addVarint((field << 3) | 2);
    this.#out.addText(text);
  }

  writeBytes(field: number, bytes: Uint8Array): void {
    this.#out.addVarint((field << 3) | 2);
    this.#out.addVarint(bytes.length);
    this.#out.addBytes(bytes, 0, bytes.length);
  }

  /** Any integer of 64 bits; negative ones as two's complement. */
  writeVarint(field: number, value: bigint): void {
    this.#out.addVarint(field << 3);
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.#out.addUint8(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.#out.addUint8(Number(rest));
  }

  writeFixed64(field: number, value: bigint): void {
    this.#out.addVarint((field << 3) | 1);
    this.#out.addUint64(Number(value & 0xffff_ffffn), Number(BigInt.asUintN(32, value >> 32n)));
  }

  writeDouble(field: number, value: number): void {
    this.#out.addVarint((field << 3) | 1);
    this.#out.addFloat64(value);
  }

  writeFixed32(field: number, value: bigint): void {
    this.#out.addVarint((field << 3) | 5);
    this.#out.addUint32(Number(value));
  }
}
