import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";

/** The fields of one OTLP LogRecord, as `SpanMessage` has those of a span; reused for each. */
export class LogMessage {
  timeLo = 0;
  timeHi = 0;
  observedLo = 0;
  observedHi = 0;
  severityNumber = 0;
  severityTextStart = 0;
  severityTextEnd = 0;
  bodyStart = 0;
  bodyEnd = 0;
  droppedAttributes = 0;
  flags = 0;
  traceIdStart = 0;
  traceIdEnd = 0;
  spanIdStart = 0;
  spanIdEnd = 0;
  eventNameStart = 0;
  eventNameEnd = 0;
  readonly attributes: Ranges = new Ranges();

  /** Reads the message between the reader's cursor and `end`. */
  read(reader: ProtobufReader, end: number, attributesMax: number): void {
    this.#clear();
    this.attributes.reset(attributesMax);
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if ((tag & 7) === 2) {
        const stop = reader.readEnd(end);
        this.#takeRange(tag >>> 3, reader.at, stop);
        reader.at = stop;
      } else {
        this.#readNumber(reader, tag, end);
      }
    }
  }

  #takeRange(field: number, start: number, end: number): void {
    switch (field) {
      case 3:
        this.severityTextStart = start;
        this.severityTextEnd = end;
        break;
      case 5:
        this.bodyStart = start;
        this.bodyEnd = end;
        break;
      case 6:
        this.attributes.add(start, end);
        break;
      case 9:
        this.traceIdStart = start;
        this.traceIdEnd = end;
        break;
      case 10:
        this.spanIdStart = start;
        this.spanIdEnd = end;
        break;
      case 12:
        this.eventNameStart = start;
        this.eventNameEnd = end;
        break;
      default:
    }
  }

  #readNumber(reader: ProtobufReader, tag: number, end: number): void {
    switch (tag) {
      case 0x09:
        reader.readFixed64(end);
        this.timeLo = reader.lo;
        this.timeHi = reader.hi;
        break;
      case 0x10:
        this.severityNumber = reader.readVarint(end);
        break;
      case 0x38:
        this.droppedAttributes = reader.readVarint(end);
        break;
      case 0x45:
        this.flags = reader.readFixed32(end);
        break;
      case 0x59:
        reader.readFixed64(end);
        this.observedLo = reader.lo;
        this.observedHi = reader.hi;
        break;
      default:
        reader.skip(tag, end);
    }
  }

  #clear(): void {
    this.timeLo = this.timeHi = 0;
    this.observedLo = this.observedHi = 0;
    this.severityNumber = this.droppedAttributes = this.flags = 0;
    this.severityTextStart = this.severityTextEnd = 0;
    this.bodyStart = this.bodyEnd = 0;
    this.traceIdStart = this.traceIdEnd = 0;
    this.spanIdStart = this.spanIdEnd = 0;
    this.eventNameStart = this.eventNameEnd = 0;
  }
}
