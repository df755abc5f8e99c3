import type { Link } from "@opentelemetry/api";
import { parseSpanId, parseTraceId } from "../tracing/local-trace.ts";
import type { RecordedSpan, SpanEvent } from "../tracing/recorded-span.ts";
import { AttributeEncoder, textCharactersMax } from "./attribute-encoder.ts";
import { ByteWriter } from "./byte-writer.ts";
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
  droppedAttributes: 0x50,
  events: 0x5a,
  droppedEvents: 0x60,
  links: 0x6a,
  droppedLinks: 0x70,
  status: 0x7a,
} as const;
const eventAttributesTag = 0x1a;
const linkAttributesTag = 0x22;

const nameCharactersMax = 1_024;

/**
 * Writes spans as OTLP protobuf, one behind the other, in one pass: no object is made, and no size is computed first.
 */
export class SpanEncoder {
  readonly #out: ByteWriter;
  readonly #attributes: AttributeEncoder;

  constructor(bytes: Buffer) {
    this.#out = new ByteWriter(bytes);
    this.#attributes = new AttributeEncoder(this.#out);
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
    return this.#attributes.takePlaces();
  }

  /** False when the span does not fit in; whatever its detail throws comes through. Either leaves nothing behind. */
  add(span: RecordedSpan): boolean {
    const out = this.#out;
    const from = out.length;
    out.isOverfull = false;
    let isWhole = false;
    try {
      out.byte(tag.spans);
      const lengthAt = out.skip(3);
      this.#attributes.beginSpan(lengthAt);
      this.#writeSpan(span);
      out.fill3(lengthAt);
      isWhole = out.isWhole;
    } finally {
      this.#attributes.endSpan(isWhole);
      if (!isWhole) out.length = from;
    }
    return isWhole;
  }

  #writeSpan(span: RecordedSpan): void {
    const { trace } = span;
    const out = this.#out;
    out.traceId(tag.traceId, trace);
    out.spanId(tag.spanId, span.id0, span.id1);
    if (trace.sentState !== "") out.field(tag.traceState, trace.sentState, textCharactersMax);
    if (span.parent0 !== 0 || span.parent1 !== 0) {
      out.spanId(tag.parentSpanId, span.parent0, span.parent1);
    }
    out.field(tag.name, span.name, nameCharactersMax);
    out.byte(tag.kind);
    out.byte(span.kind);
    out.time(tag.start, span.startMs);
    out.time(tag.end, span.endMs);
    this.#attributes.override(span.attributes);
    if (span.detail !== undefined) span.detail.write(this.#attributes);
    this.#attributes.override(undefined);
    this.#writeRest(span);
  }

  /** What most spans do not have. */
  #writeRest(span: RecordedSpan): void {
    if (span.attributes !== undefined) {
      for (const [name, value] of span.attributes) this.#attributes.any(name, value);
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
    this.#out.time(0x09, timeMs);
    this.#out.field(0x12, name, nameCharactersMax);
    this.#attributes.writeOfEvent(lengthAt, eventAttributesTag, attributes);
    this.#out.fill3(lengthAt);
  }

  #writeLink({ context, attributes }: Link): void {
    const trace = parseTraceId(context.traceId);
    const span = parseSpanId(context.spanId);
    if (trace === undefined || span === undefined) return;
    this.#out.byte(tag.links);
    const lengthAt = this.#out.skip(3);
    const [id0, id1, id2, id3] = trace;
    this.#out.traceId(tag.traceId, { id0, id1, id2, id3 });
    this.#out.spanId(tag.spanId, span[0], span[1]);
    this.#attributes.writeAll(linkAttributesTag, attributes);
    this.#out.fill3(lengthAt);
  }
}
