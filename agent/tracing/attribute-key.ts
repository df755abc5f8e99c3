/** Distinct values of one attribute whose bytes are kept; further ones are encoded each time. */
const encodedValuesMax = 500;
/** Longer values are not kept. */
const encodedCharactersMax = 256;

/** The name of an attribute, ready to be written: its bytes, and those of values that come again and again. */
export class AttributeKey {
  readonly name: string;
  /** Field 1 of OTLP's KeyValue, tag and length included. */
  readonly bytes: Uint8Array;
  readonly #encoded = new Map<string, Uint8Array>();

  constructor(name: string) {
    this.name = name;
    this.bytes = delimited(0x0a, Buffer.from(name));
  }

  /** The KeyValue with this value, without the tag and length around it; undefined when it is not kept. */
  withValue(value: string): Uint8Array | undefined {
    const known = this.#encoded.get(value);
    if (known !== undefined) return known;
    if (this.#encoded.size >= encodedValuesMax || value.length > encodedCharactersMax) {
      return undefined;
    }
    const anyValue = delimited(0x12, delimited(0x0a, Buffer.from(value)));
    const bytes = Buffer.concat([this.bytes, anyValue]);
    this.#encoded.set(value, bytes);
    return bytes;
  }
}

/** Tag, length, content. */
export function delimited(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([delimitedHead(tag, content.length), content]);
}

/** Tag and length. */
export function delimitedHead(tag: number, length: number): Uint8Array {
  const head = [tag];
  let rest = length;
  for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128);
  head.push(rest);
  return Uint8Array.from(head);
}
