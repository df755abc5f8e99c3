import type { Attributes, AttributeValue } from "@opentelemetry/api";
import {
  ATTR_CODE_FILE_PATH,
  ATTR_EXCEPTION_STACKTRACE,
} from "@opentelemetry/semantic-conventions";
import { AttributeKey } from "../tracing/attribute-key.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { type ByteWriter, varintBytes } from "./byte-writer.ts";
import { encodeAnyValue } from "./encode-any-value.ts";
import type { EncodedPlace } from "./span-chunk.ts";

/** Field 9 of OTLP's Span. */
export const spanAttributesTag = 0x4a;

/** Of a text; longer ones are cut. The collector reads 32,768 characters of a query. */
export const textCharactersMax = 40_000;
/** Names of attributes that the application makes up as it goes are encoded each time beyond this. */
const keysMax = 4_096;
const keyCharactersMax = 256;
/** More are encoded each time. */
const keptBytesMax = 4_096;

/** Writes attributes as OTLP's KeyValue, and remembers the places in files that are among them. */
export class AttributeEncoder implements AttributeWriter {
  readonly #out: ByteWriter;
  readonly #keys = new Map<string, AttributeKey>();
  #attributeTag: number = spanAttributesTag;
  #overrides: ReadonlyMap<string, AttributeValue> | undefined = undefined;
  #places: EncodedPlace[] = [];
  #placesBefore = 0;
  #spanLengthAt = 0;
  #callSiteAt = 0;
  /** 0 outside of an event. */
  #eventLengthAt = 0;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** Those of the spans since the last time. */
  takePlaces(): EncodedPlace[] {
    const places = this.#places;
    if (places.length > 0) this.#places = [];
    return places;
  }

  beginSpan(lengthAt: number): void {
    this.#spanLengthAt = lengthAt;
    this.#placesBefore = this.#places.length;
  }

  /** `isWhole`: of a span that is not, nothing stays behind. */
  endSpan(isWhole: boolean): void {
    this.#overrides = undefined;
    this.#attributeTag = spanAttributesTag;
    this.#eventLengthAt = 0;
    if (!isWhole) this.#places.length = this.#placesBefore;
  }

  /** What the application has set itself counts instead of what is written from now on. */
  override(attributes: ReadonlyMap<string, AttributeValue> | undefined): void {
    this.#overrides = attributes;
  }

  /** Those of an event whose length stands there. */
  writeOfEvent(lengthAt: number, attributeTag: number, attributes: Attributes): void {
    this.#eventLengthAt = lengthAt;
    this.writeAll(attributeTag, attributes);
    this.#eventLengthAt = 0;
  }

  /** Those of an event or a link. */
  writeAll(attributeTag: number, attributes: Attributes | undefined): void {
    this.#attributeTag = attributeTag;
    for (const name in attributes) {
      const value = attributes[name];
      if (value !== undefined) this.any(name, value);
    }
    this.#attributeTag = spanAttributesTag;
  }

  /** Of whatever type the application has given; what no attribute can be is left out. */
  any(name: string, value: AttributeValue): void {
    const key = this.#keyOf(name);
    if (typeof value === "string") this.#textOf(key, value);
    else if (typeof value === "boolean") this.flag(key, value);
    else if (typeof value !== "number") this.#list(key, value);
    else if (Number.isSafeInteger(value) && value >= 0) this.integer(key, value);
    // A negative integer takes ten bytes: no number of ours is one.
    else if (Number.isSafeInteger(value)) this.#list(key, value);
    else this.double(key, value);
  }

  #textOf(key: AttributeKey, value: string): void {
    if (this.#eventLengthAt === 0 || key.name !== ATTR_EXCEPTION_STACKTRACE) {
      this.text(key, value);
      return;
    }
    const lengthAt = this.#out.length + 1;
    this.#writeText(key, "", value);
    // The attribute's length, its key, then value, string and content, each behind a tag of one byte.
    const anyValueAt = lengthAt + 3 + key.bytes.length + 1;
    const stringAt = anyValueAt + 3 + 1;
    const lengthsAt = [this.#spanLengthAt, this.#eventLengthAt, lengthAt, anyValueAt, stringAt];
    this.#places.push({ lengthsAt, from: stringAt + 3, to: this.#out.length, frames: "" });
  }

  #keyOf(name: string): AttributeKey {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = new AttributeKey(name.slice(0, keyCharactersMax));
      if (this.#keys.size < keysMax) this.#keys.set(name, key);
    }
    return key;
  }

  known(key: AttributeKey, value: string): void {
    if (this.#overrides?.has(key.name)) return;
    const bytes = key.withValue(value);
    if (bytes === undefined) {
      this.text(key, value);
      return;
    }
    this.#out.byte(this.#attributeTag);
    if (bytes.length < 128) this.#out.byte(bytes.length);
    else {
      this.#out.byte((bytes.length & 127) | 128);
      this.#out.byte(bytes.length >>> 7);
    }
    this.#out.copy(bytes);
  }

  text(key: AttributeKey, value: string): void {
    if (!this.#overrides?.has(key.name)) this.#writeText(key, "", value);
  }

  joined(key: AttributeKey, first: string, second: string): void {
    if (this.#overrides?.has(key.name)) return;
    if (first.length + second.length > textCharactersMax) this.text(key, first + second);
    else this.#writeText(key, first, second);
  }

  /** `first` is one of few. All lengths have three bytes. */
  #writeText(key: AttributeKey, first: string, second: string): void {
    const out = this.#out;
    const lengthAt = out.length + 1;
    const anyValueAt = lengthAt + 3 + key.bytes.length + 1;
    const textAt = anyValueAt + 3 + 1;
    out.byte(this.#attributeTag);
    out.copy(key.textHead(first));
    out.text(second.length > textCharactersMax ? second.slice(0, textCharactersMax) : second);
    out.fill3(textAt);
    out.fill3(anyValueAt);
    out.fill3(lengthAt);
  }

  integer(key: AttributeKey, value: number): void {
    // Of a header, say: a varint of Infinity would have no end.
    if (!Number.isSafeInteger(value) || value < 0) return;
    if (this.#overrides?.has(key.name)) return;
    this.#begin(key, 0x18, varintBytes(value));
    this.#out.varint(value);
  }

  /** All that stands before a value of so many bytes. */
  #begin(key: AttributeKey, valueTag: number, bytes: number): void {
    this.#out.byte(this.#attributeTag);
    this.#out.copy(key.head(valueTag, bytes));
  }

  double(key: AttributeKey, value: number): void {
    if (this.#overrides?.has(key.name)) return;
    this.#begin(key, 0x21, 8);
    this.#out.double(value);
  }

  flag(key: AttributeKey, value: boolean): void {
    if (this.#overrides?.has(key.name)) return;
    this.#begin(key, 0x10, 1);
    this.#out.byte(value ? 1 : 0);
  }

  hex(key: AttributeKey, high: number, low: number): void {
    if (this.#overrides?.has(key.name)) return;
    // The length of the text is a byte of the value.
    this.#begin(key, 0x0a, 17);
    this.#out.byte(16);
    this.#out.hex(high, low);
  }

  kept(attributes: KeptAttributes): void {
    const { bytes } = attributes;
    if (this.#overrides !== undefined) attributes.write(this);
    else if (bytes !== undefined) this.#out.copy(bytes);
    else {
      const from = this.#out.length;
      attributes.write(this);
      if (this.#out.length - from <= keptBytesMax) attributes.bytes = this.#out.since(from);
    }
  }

  beginCallSite(): void {
    this.#callSiteAt = this.#out.length;
  }

  endCallSite(frames: string): void {
    // What the application says itself is not replaced.
    if (this.#overrides?.has(ATTR_CODE_FILE_PATH)) return;
    const { length: to } = this.#out;
    this.#places.push({ lengthsAt: [this.#spanLengthAt], from: this.#callSiteAt, to, frames });
  }

  #list(key: AttributeKey, value: unknown): void {
    const anyValue = encodeAnyValue(value);
    if (anyValue === undefined) return;
    this.#out.byte(this.#attributeTag);
    const lengthAt = this.#out.skip(3);
    this.#out.copy(key.bytes);
    this.#out.copy(anyValue);
    this.#out.fill3(lengthAt);
  }
}
