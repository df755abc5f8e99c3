import type { DecodeLimits } from "./decode-limits.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";

/** Of `Span.attributes`, which follow each other. */
const attributesTag = 0x4a;

/**
 * The fields of one OTLP Span, as ranges of the body and halves of 64-bit numbers; reused for each span. Attributes,
 * events and links are noted and read later: a span is judged by its ids and times first, whatever order its fields
 * come in.
 */
export class SpanMessage {
  traceIdStart = 0;
  traceIdEnd = 0;
  spanIdStart = 0;
  spanIdEnd = 0;
  parentSpanIdStart = 0;
  parentSpanIdEnd = 0;
  traceStateStart = 0;
  traceStateEnd = 0;
  nameStart = 0;
  nameEnd = 0;
  statusMessageStart = 0;
  statusMessageEnd = 0;
  startLo = 0;
  startHi = 0;
  endLo = 0;
  endHi = 0;
  kind = 0;
  statusCode = 0;
  flags = 0;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  readonly attributes: Ranges = new Ranges();
  readonly events: Ranges = new Ranges();
  readonly links: Ranges = new Ranges();

  /** Reads the message between the reader's cursor and `end`. */
  read(reader: ProtobufReader, end: number, limits: DecodeLimits): void {
    this.#clear();
    this.attributes.reset(limits.attributesMax);
    this.events.reset(limits.eventsMax);
    this.links.reset(limits.linksMax);
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === attributesTag) this.attributes.addMessages(reader, end, tag);
      else if ((tag & 7) === 2) this.#readWithLength(reader, tag, end);
      else this.#readNumber(reader, tag, end);
    }
  }

  #readWithLength(reader: ProtobufReader, tag: number, end: number): void {
    const stop = reader.readEnd(end);
    const start = reader.at;
    reader.at = stop;
    switch (tag >>> 3) {
      case 1:
        this.traceIdStart = start;
        this.traceIdEnd = stop;
        break;
      case 2:
        this.spanIdStart = start;
        this.spanIdEnd = stop;
        break;
      case 3:
        this.traceStateStart = start;
        this.traceStateEnd = stop;
        break;
      case 4:
        this.parentSpanIdStart = start;
        this.parentSpanIdEnd = stop;
        break;
      case 5:
        this.nameStart = start;
        this.nameEnd = stop;
        break;
      case 11:
        this.events.add(start, stop);
        break;
      case 13:
        this.links.add(start, stop);
        break;
      case 15:
        reader.at = start;
        this.#readStatus(reader, stop);
        break;
      default:
    }
  }

  #readNumber(reader: ProtobufReader, tag: number, end: number): void {
    switch (tag) {
      case 0x30:
        this.kind = reader.readVarint(end);
        break;
      case 0x39:
        reader.readFixed64(end);
        this.startLo = reader.lo;
        this.startHi = reader.hi;
        break;
      case 0x41:
        reader.readFixed64(end);
        this.endLo = reader.lo;
        this.endHi = reader.hi;
        break;
      case 0x50:
        this.droppedAttributes = reader.readVarint(end);
        break;
      case 0x60:
        this.droppedEvents = reader.readVarint(end);
        break;
      case 0x70:
        this.droppedLinks = reader.readVarint(end);
        break;
      case 0x85:
        this.flags = reader.readFixed32(end);
        break;
      default:
        reader.skip(tag, end);
    }
  }

  #readStatus(reader: ProtobufReader, end: number): void {
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x12) {
        this.statusMessageEnd = reader.readEnd(end);
        this.statusMessageStart = reader.at;
        reader.at = this.statusMessageEnd;
      } else if (tag === 0x18) {
        this.statusCode = reader.readVarint(end);
      } else {
        reader.skip(tag, end);
      }
    }
  }

  #clear(): void {
    this.traceIdStart = this.traceIdEnd = 0;
    this.spanIdStart = this.spanIdEnd = 0;
    this.parentSpanIdStart = this.parentSpanIdEnd = 0;
    this.traceStateStart = this.traceStateEnd = 0;
    this.nameStart = this.nameEnd = 0;
    this.statusMessageStart = this.statusMessageEnd = 0;
    this.startLo = this.startHi = 0;
    this.endLo = this.endHi = 0;
    this.kind = this.statusCode = this.flags = 0;
    this.droppedAttributes = this.droppedEvents = this.droppedLinks = 0;
  }
}
