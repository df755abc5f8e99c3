import type { AttributeWriter } from "./attribute-writer.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";
import type { SpanBlockColumns } from "./span-block.ts";

/** Copies the events of a span; each as OTLP Span.Event. */
export class EventWriter {
  readonly #column: SpanBlockColumns["events"];
  readonly #attributes: AttributeWriter;
  readonly #list = new Ranges();

  constructor(columns: SpanBlockColumns, attributes: AttributeWriter) {
    this.#column = columns.events;
    this.#attributes = attributes;
  }

  writeRow(reader: ProtobufReader, events: Ranges, attributesMax: number): void {
    for (let i = 0; i < events.count; i++) {
      reader.at = events.starts[i]!;
      this.#writeEvent(reader, events.ends[i]!, attributesMax);
    }
    this.#column.endRow();
  }

  #writeEvent(reader: ProtobufReader, end: number, attributesMax: number): void {
    let timeLo = 0;
    let timeHi = 0;
    let nameStart = 0;
    let nameEnd = 0;
    this.#list.reset(attributesMax);
    while (reader.at < end) {
      const tag = reader.readTag(end);
      switch (tag) {
        case 0x09:
          reader.readFixed64(end);
          timeLo = reader.lo;
          timeHi = reader.hi;
          break;
        case 0x12:
          nameEnd = reader.readEnd(end);
          nameStart = reader.at;
          reader.at = nameEnd;
          break;
        case 0x1a:
          reader.at = this.#list.addMessage(reader, end);
          break;
        default:
          reader.skip(tag, end);
      }
    }
    const { ts, name, attributes, attributesJson } = this.#column.fields;
    ts.addUint64(timeLo, timeHi);
    this.#attributes.addUtf8(name, nameStart, nameEnd);
    this.#attributes.writeRow(this.#list, attributes, attributesJson);
    this.#column.endElement();
  }
}
