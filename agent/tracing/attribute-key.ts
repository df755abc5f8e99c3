/** Distinct values of one attribute whose bytes are kept; further ones are encoded each time. */
const encodedValuesMax = 500;
/** Longer values are not kept. */
const encodedCharactersMax = 256;

/** Of AnyValue's int_value. */
const integerTag = 0x18;

/** The name of an attribute, ready to be written: its bytes, and those of values that come again and again. */
export class AttributeKey {
  readonly name: string;
  #bytes: Uint8Array | undefined = undefined;
  readonly #encoded = new Map<string, Uint8Array>();
  readonly #heads: (Uint8Array | undefined)[] = [];
  readonly #textHeads = new Map<string, Uint8Array>();

  constructor(name: string) {
    this.name = name;
  }

  /** Field 1 of OTLP's KeyValue, tag and length included; made with the first span that has it. */
  get bytes(): Uint8Array {
    this.#bytes ??= delimited(0x0a, Buffer.from(this.name));
    return this.#bytes;
  }

  /**
   * What stands before a value of up to 16 bytes that is no text, or is a text of 16: the length of the KeyValue, this
   * name, and of the AnyValue the tag, the length and the value's own tag.
   */
  head(valueTag: number, valueBytes: number): Uint8Array {
    // An integer has 1 to 8 bytes, all others always as many.
    const index = valueTag === integerTag ? valueBytes : valueTag;
    let head = this.#heads[index];
    if (head === undefined) {
      const value = Uint8Array.of(0x12, 1 + valueBytes, valueTag);
      const length = delimitedHead(0, this.bytes.length + value.length + valueBytes).subarray(1);
      head = Buffer.concat([length, this.bytes, value]);
      this.#heads[index] = head;
    }
    return head;
  }

  /**
   * What stands before the rest of a text that begins with `start`, from the length of the KeyValue on. Lengths have
   * three bytes, and are open.
   */
  textHead(start: string): Uint8Array {
    let head = this.#textHeads.get(start);
    if (head === undefined) {
      const length = [0, 0, 0];
      const tags = [...length, ...this.bytes, 0x12, ...length, 0x0a, ...length];
      head = Buffer.concat([Uint8Array.from(tags), Buffer.from(start)]);
      if (this.#textHeads.size < encodedValuesMax && start.length <= encodedCharactersMax) {
        this.#textHeads.set(start, head);
      }
    }
    return head;
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
