import type { AttributeWriter } from "./attribute-writer.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { StringColumn } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { Hash64 } from "./hash64.ts";
import type { PromotedValues } from "./promoted-attributes.ts";
import { redactUrls } from "./redaction.ts";
import type { SpanBlockColumns } from "./span-block.ts";

/** Names that are remembered as texts. */
const namesLimits = { entriesMax: 4_096, bytesMax: 256 * 1024 };
const nameBytesMax = 256;

/** Takes known attributes of the current span to where they belong: a column, an attribute of its own, a hash, a text. */
export class SlotWriter {
  readonly #request: DecodeRequest;
  readonly #columns: SpanBlockColumns;
  readonly #attributes: AttributeWriter;
  readonly #values: PromotedValues;
  readonly #names = new BoundedCache<string>(namesLimits);

  constructor(
    request: DecodeRequest,
    columns: SpanBlockColumns,
    attributes: AttributeWriter,
    values: PromotedValues,
  ) {
    this.#request = request;
    this.#columns = columns;
    this.#attributes = attributes;
    this.#values = values;
  }

  /** "" when the span has no such attribute. */
  add(column: StringColumn, index: number): void {
    const { start, end } = this.#values;
    if (start[index] === -1) column.addEmpty();
    else this.#attributes.addUtf8(column, start[index]!, end[index]!);
  }

  /** As `add`, of what should be a route or a host, and loses what a URL may not have where it is one. */
  addPlace(column: StringColumn, index: number): void {
    if (this.#mayHide(index)) column.addText(redactUrls(this.textOf(index)));
    else this.add(column, index);
  }

  /** Whether a text has a user, parameters or a query; `/:from?/:to?` has none. */
  #mayHide(index: number): boolean {
    const { body } = this.#request;
    const end = this.#values.end[index]!;
    const start = this.#values.start[index]!;
    if (start === -1) return false;
    for (let i = start; i < end; i++) {
      const byte = body[i]!;
      // # ; = @
      if (byte === 0x23 || byte === 0x3b || byte === 0x3d || byte === 0x40) return true;
      // A ? before a letter, a digit or _
      if (byte === 0x3f && i + 1 < end && isWordByte(body[i + 1]!)) return true;
    }
    return false;
  }

  /** It stays an attribute. */
  keep(index: number): void {
    const { attributes } = this.#columns;
    attributes.addKey(index);
    this.addPlace(attributes.values, index);
  }

  /** It stays an attribute, with another text. */
  keepAs(index: number, text: string): void {
    const { attributes } = this.#columns;
    attributes.addKey(index);
    attributes.values.addText(text);
  }

  textOf(index: number): string {
    const start = this.#values.start[index]!;
    const end = this.#request.cut(start, this.#values.end[index]!);
    return this.#request.body.toString("utf8", start, end);
  }

  /** As `textOf`, of what is equal in many spans. */
  nameOf(index: number): string {
    const { body } = this.#request;
    const start = this.#values.start[index]!;
    const end = this.#values.end[index]!;
    if (end - start > Math.min(nameBytesMax, this.#request.limits.valueBytesMax)) {
      return this.textOf(index);
    }
    const known = this.#names.get(body, start, end);
    if (known !== undefined) return known;
    const name = this.textOf(index);
    this.#names.set(body.subarray(start, end), name, end - start);
    return name;
  }

  addToHash(hash: Hash64, index: number): void {
    const { start, end } = this.#values;
    if (start[index] === -1) hash.addNumber(0);
    else hash.addBytes(this.#request.body, start[index]!, end[index]!);
  }
}

function isWordByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f;
}
