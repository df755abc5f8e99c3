import type { Attributes, AttributeValue, Link } from "@opentelemetry/api";
import {
  ATTR_CODE_FILE_PATH,
  ATTR_EXCEPTION_STACKTRACE,
} from "@opentelemetry/semantic-conventions";
import { AttributeKey } from "../tracing/attribute-key.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { parseSpanId, parseTraceId } from "../tracing/local-trace.ts";
import type { RecordedSpan, SpanEvent } from "../tracing/recorded-span.ts";
import { ByteWriter, varintBytes, widthOf } from "./byte-writer.ts";
import { encodeAnyValue } from "./encode-any-value.ts";
import type { EncodedPlace } from "./span-chunk.ts";

/** Tags of OTLP's Span (opentelemetry/proto/trace/v1/trace.proto): field number · 8 + wire type. */
const tag = {
  spans: 0x12,
  traceId: 0x0a,
  spanId: 0x12,
  traceState: 0x1a,
  parentSpanId: 0x22,
  name: 0x2a,
  kind: 0x30,
  start: 0x39,
  end: 0x41,
  attributes: 0x4a,
  droppedAttributes: 0x50,
  events: 0x5a,
  droppedEvents: 0x60,
  links: 0x6a,
  droppedLinks: 0x70,
  status: 0x7a,
} as const;
const eventAttributesTag = 0x1a;
const linkAttributesTag = 0x22;

/** Of a text; longer ones are cut. The collector reads 32,768 characters of a query. */
const textCharactersMax = 40_000;
const nameCharactersMax = 1_024;
/** Names of attributes that the application makes up as it goes are encoded each time beyond this. */
const keysMax = 4_096;
const keyCharactersMax = 256;
/** More are encoded each time. */
const keptBytesMax = 4_096;
/** Tags and lengths within an attribute. */
const headBytesMax = 8;

/**
 * Writes spans as OTLP protobuf, one behind the other, in one pass: no object is made, and no size is computed first.
 */
export class SpanEncoder implements AttributeWriter {
  readonly #out: ByteWriter;
  #attributeTag: number = tag.attributes;
  #overrides: ReadonlyMap<string, AttributeValue> | undefined = undefined;
  readonly #keys = new Map<string, AttributeKey>();
  #places: EncodedPlace[] = [];
  #spanLengthAt = 0;
  #callSiteAt = 0;
  /** 0 outside of an event. */
  #eventLengthAt = 0;

  constructor(bytes: Buffer) {
    this.#out = new ByteWriter(bytes);
  }

  /** Bytes that are written. */
  get length(): number {
    return this.#out.length;
  }

  /** Goes on in another, empty buffer. */
  restart(bytes: Buffer): void {
    this.#out.restart(bytes);
  }

  /** Those of the spans since the last time. */
  takePlaces(): EncodedPlace[] {
    const places = this.#places;
    if (places.length > 0) this.#places = [];
    return places;
  }

  /** False when the span does not fit in; whatever its detail throws comes through. Either leaves nothing behind. */
  add(span: RecordedSpan): boolean {
    const out = this.#out;
    const from = out.length;
    const places = this.#places.length;
    out.isOverfull = false;
    let isWhole = false;
    try {
      out.byte(tag.spans);
      const lengthAt = out.skip(3);
      this.#spanLengthAt = lengthAt;
      this.#writeSpan(span);
      out.fill3(lengthAt);
      isWhole = out.isWhole;
    } finally {
      this.#overrides = undefined;
      this.#attributeTag = tag.attributes;
      this.#eventLengthAt = 0;
      if (!isWhole) {
        out.length = from;
        this.#places.length = places;
      }
    }
    return isWhole;
  }

  #writeSpan(span: RecordedSpan): void {
    const { trace } = span;
    this.#out.byte(tag.traceId);
    this.#out.byte(16);
    this.#out.word(trace.id0);
    this.#out.word(trace.id1);
    this.#out.word(trace.id2);
    this.#out.word(trace.id3);
    this.#out.byte(tag.spanId);
    this.#out.byte(8);
    this.#out.word(span.id0);
    this.#out.word(span.id1);
    if (trace.sentState !== "") this.#out.field(tag.traceState, trace.sentState, textCharactersMax);
    if (span.parent0 !== 0 || span.parent1 !== 0) {
      this.#out.byte(tag.parentSpanId);
      this.#out.byte(8);
      this.#out.word(span.parent0);
      this.#out.word(span.parent1);
    }
    this.#out.field(tag.name, span.name, nameCharactersMax);
    this.#out.byte(tag.kind);
    this.#out.byte(span.kind);
    this.#out.byte(tag.start);
    this.#out.time(span.startMs);
    this.#out.byte(tag.end);
    this.#out.time(span.endMs);
    this.#overrides = span.attributes;
    if (span.detail !== undefined) span.detail.write(this);
    this.#overrides = undefined;
    this.#writeRest(span);
  }

  /** What most spans do not have. */
  #writeRest(span: RecordedSpan): void {
    if (span.attributes !== undefined) {
      for (const [name, value] of span.attributes) this.#attribute(name, value);
    }
    if (span.events !== undefined) for (const event of span.events) this.#writeEvent(event);
    if (span.links !== undefined) for (const link of span.links) this.#writeLink(link);
    if (span.droppedAttributes > 0) this.#out.count(tag.droppedAttributes, span.droppedAttributes);
    if (span.droppedEvents > 0) this.#out.count(tag.droppedEvents, span.droppedEvents);
    if (span.droppedLinks > 0) this.#out.count(tag.droppedLinks, span.droppedLinks);
    if (span.statusCode === 0) return;
    this.#out.byte(tag.status);
    const lengthAt = this.#out.skip(3);
    if (span.statusMessage !== "") this.#out.field(0x12, span.statusMessage, textCharactersMax);
    this.#out.byte(0x18);
    this.#out.byte(span.statusCode);
    this.#out.fill3(lengthAt);
  }

  #writeEvent({ name, timeMs, attributes }: SpanEvent): void {
    this.#out.byte(tag.events);
    const lengthAt = this.#out.skip(3);
    this.#out.byte(0x09);
    this.#out.time(timeMs);
    this.#out.field(0x12, name, nameCharactersMax);
    this.#eventLengthAt = lengthAt;
    this.#writeAttributes(eventAttributesTag, attributes);
    this.#eventLengthAt = 0;
    this.#out.fill3(lengthAt);
  }

  #writeLink({ context, attributes }: Link): void {
    const trace = parseTraceId(context.traceId);
    const span = parseSpanId(context.spanId);
    if (trace === undefined || span === undefined) return;
    this.#out.byte(tag.links);
    const lengthAt = this.#out.skip(3);
    this.#out.byte(tag.traceId);
    this.#out.byte(16);
    for (const word of trace) this.#out.word(word);
    this.#out.byte(tag.spanId);
    this.#out.byte(8);
    for (const word of span) this.#out.word(word);
    this.#writeAttributes(linkAttributesTag, attributes);
    this.#out.fill3(lengthAt);
  }

  #writeAttributes(attributeTag: number, attributes: Attributes | undefined): void {
    this.#attributeTag = attributeTag;
    for (const name in attributes) {
      const value = attributes[name];
      if (value !== undefined) this.#attribute(name, value);
    }
    this.#attributeTag = tag.attributes;
  }

  /** Of whatever type the application has given; what no attribute can be is left out. */
  #attribute(name: string, value: AttributeValue): void {
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
    this.#writeText(key, value, 3);
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
    if (this.#overrides?.has(key.name)) return;
    const characters = Math.min(value.length, textCharactersMax);
    this.#writeText(key, value, widthOf(key.bytes.length + headBytesMax + characters * 3));
  }

  /** All lengths in so many bytes. */
  #writeText(key: AttributeKey, value: string, width: number): void {
    const out = this.#out;
    out.byte(this.#attributeTag);
    const lengthAt = out.skip(width);
    out.copy(key.bytes);
    out.byte(0x12);
    const anyValueAt = out.skip(width);
    out.field(0x0a, value, textCharactersMax, width);
    out.fill(anyValueAt, width);
    out.fill(lengthAt, width);
  }

  integer(key: AttributeKey, value: number): void {
    // Of a header, say: a varint of Infinity would have no end.
    if (!Number.isSafeInteger(value) || value < 0) return;
    if (this.#overrides?.has(key.name)) return;
    const bytes = varintBytes(value);
    this.#begin(key, 1 + bytes);
    this.#out.count(0x18, value);
  }

  /** Tag, length and key of an attribute, and the head of its AnyValue, of which `bytes` follow: fewer than 128. */
  #begin(key: AttributeKey, bytes: number): void {
    const out = this.#out;
    const length = key.bytes.length + 2 + bytes;
    out.byte(this.#attributeTag);
    if (length < 128) out.byte(length);
    else {
      out.byte((length & 127) | 128);
      out.byte(length >>> 7);
    }
    out.copy(key.bytes);
    out.byte(0x12);
    out.byte(bytes);
  }

  double(key: AttributeKey, value: number): void {
    if (this.#overrides?.has(key.name)) return;
    this.#begin(key, 9);
    this.#out.byte(0x21);
    this.#out.double(value);
  }

  flag(key: AttributeKey, value: boolean): void {
    if (this.#overrides?.has(key.name)) return;
    this.#begin(key, 2);
    this.#out.byte(0x10);
    this.#out.byte(value ? 1 : 0);
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
