import type { Link } from "@opentelemetry/api";
import type { AlikeSpans, SpanTemplate } from "../tracing/alike-spans.ts";
import { parseSpanId, parseTraceId } from "../tracing/local-trace.ts";
import type { RecordedSpan, SpanEvent } from "../tracing/recorded-span.ts";
import { AttributeEncoder, textCharactersMax } from "./attribute-encoder.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { EncodedPlace } from "./span-chunk.ts";
import { TemplateRecorder } from "./template-recorder.ts";
import { TemplateWriter } from "./template-writer.ts";

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

/** Of a statement, say: with and without a wait for a connection. */
const templatesMax = 4;
/** So many spans are encoded before one becomes a template: most statements with values in their text come once. */
const strangersBefore = 2;
/** Then they differ too much. */
const strangersMax = 12;

/** Where ids stand in every encoded span, behind tag and length. */
const traceIdAt = 6;
const spanIdAt = 24;
const parentIdAt = 34;
/** From the start of a span's time to that of the next one. */
const timeBytes = 9;

/**
 * Writes spans as OTLP protobuf, one behind the other: as a copy of a template, where an alike span has left one, and
 * otherwise in one pass, without an object or a size that is computed first.
 *
 *   span ── like a template? ── copied; ids, times and numbers put in ──▶ bytes
 *                └ no: encoded ─────────────────────────────────────────▶
 */
export class SpanEncoder {
  readonly #out: ByteWriter;
  readonly #attributes: AttributeEncoder;
  readonly #writer: TemplateWriter;
  readonly #recorder = new TemplateRecorder();

  constructor(bytes: Buffer) {
    this.#out = new ByteWriter(bytes);
    this.#attributes = new AttributeEncoder(this.#out);
    this.#writer = new TemplateWriter(this.#out, this.#attributes);
  }

  /** Bytes that are written. */
  get length(): number {
    return this.#out.length;
  }

  /** Writes over what was written. */
  restart(): void {
    this.#out.length = 0;
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
      const alike = isPlain(span) ? span.detail?.alike : undefined;
      isWhole = alike !== undefined && this.#copy(span, alike);
      if (!isWhole) {
        if (alike !== undefined) this.#learn(span, alike);
        isWhole = this.#encode(span);
      }
    } finally {
      if (!isWhole) this.#forget(from);
    }
    return isWhole;
  }

  #forget(from: number): void {
    this.#writer.end();
    this.#attributes.endSpan(false);
    this.#out.length = from;
  }

  /** False when the span is like none of the templates. */
  #copy(span: RecordedSpan, alike: AlikeSpans): boolean {
    const hasParent = span.parent0 !== 0 || span.parent1 !== 0;
    const { templates } = alike;
    for (let at = 0; at < templates.length; at += 1) {
      const template = templates[at]!;
      const isLike = template.name === span.name && template.hasParent === hasParent;
      if (!isLike || !this.#fill(span, alike, template)) continue;
      template.spans += 1;
      if (at > 0 && template.spans > templates[at - 1]!.spans) swapWithBefore(templates, at);
      return true;
    }
    return false;
  }

  #fill(span: RecordedSpan, alike: AlikeSpans, template: SpanTemplate): boolean {
    const out = this.#out;
    const writer = this.#writer;
    const from = out.length;
    out.copy(template.bytes);
    if (out.isWhole) {
      out.setTraceId(from + traceIdAt, span.trace);
      out.setSpanId(from + spanIdAt, span.id0, span.id1);
      if (template.hasParent) out.setSpanId(from + parentIdAt, span.parent0, span.parent1);
      out.setTime(from + template.startAt, span.startMs);
      out.setTime(from + template.startAt + timeBytes, span.endMs);
      writer.begin(alike, template.first, from);
      span.detail?.write(writer);
      if (writer.end() && out.isWhole) {
        out.fill3(from + 1);
        return true;
      }
    }
    out.length = from;
    return false;
  }

  #learn(span: RecordedSpan, alike: AlikeSpans): void {
    alike.strangers += 1;
    const { strangers, templates, varying } = alike;
    const isDue = strangers > strangersBefore && strangers <= strangersMax;
    if (!isDue || templates.length >= templatesMax) return;
    const recorder = this.#recorder;
    recorder.start(varying);
    const hasParent = this.#writeHead(recorder.out, span);
    const startAt = recorder.out.length - 2 * timeBytes + 1;
    this.#writer.target = recorder;
    try {
      span.detail?.write(this.#writer);
    } finally {
      this.#writer.target = this.#attributes;
    }
    const first = recorder.finish();
    const bytes = recorder.out.since(0);
    if (first === undefined || bytes === undefined) return;
    templates.push({ name: span.name, hasParent, bytes, startAt, first, spans: 0 });
  }

  #encode(span: RecordedSpan): boolean {
    const out = this.#out;
    const from = out.length;
    this.#attributes.beginSpan(from + 1);
    this.#writeHead(out, span);
    this.#attributes.override(span.attributes);
    if (span.detail !== undefined) span.detail.write(this.#writer);
    this.#attributes.override(undefined);
    this.#writeRest(span);
    out.fill3(from + 1);
    this.#attributes.endSpan(out.isWhole);
    return out.isWhole;
  }

  /** Up to the times. Whether it has a parent. */
  #writeHead(out: ByteWriter, span: RecordedSpan): boolean {
    const { trace, parent0, parent1 } = span;
    const hasParent = parent0 !== 0 || parent1 !== 0;
    out.byte(tag.spans);
    out.skip(3);
    out.traceId(tag.traceId, trace);
    out.spanId(tag.spanId, span.id0, span.id1);
    if (hasParent) out.spanId(tag.parentSpanId, parent0, parent1);
    if (trace.sentState !== "") out.field(tag.traceState, trace.sentState, textCharactersMax);
    out.field(tag.name, span.name, nameCharactersMax);
    out.byte(tag.kind);
    out.byte(span.kind);
    out.time(tag.start, span.startMs);
    out.time(tag.end, span.endMs);
    return hasParent;
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

function swapWithBefore(templates: SpanTemplate[], at: number): void {
  const before = templates[at - 1]!;
  templates[at - 1] = templates[at]!;
  templates[at] = before;
}

/** With what its detail writes, and nothing else. */
function isPlain({ attributes, events, links, statusCode, trace }: RecordedSpan): boolean {
  const isMarked = attributes !== undefined || events !== undefined || links !== undefined;
  return !isMarked && statusCode === 0 && trace.sentState === "";
}
