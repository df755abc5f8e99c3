import type { AttributeWriter } from "./attribute-writer.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";
import type { SpanBlockColumns } from "./span-block.ts";

/** Copies the links of a span; each as OTLP Span.Link. One without valid ids leads nowhere: it is dropped and counted. */
export class LinkWriter {
  readonly #column: SpanBlockColumns["links"];
  readonly #attributes: AttributeWriter;
  readonly #request: DecodeRequest;
  readonly #list = new Ranges();
  #traceIdStart = 0;
  #traceIdEnd = 0;
  #spanIdStart = 0;
  #spanIdEnd = 0;
  #traceStateStart = 0;
  #traceStateEnd = 0;

  constructor(request: DecodeRequest, columns: SpanBlockColumns, attributes: AttributeWriter) {
    this.#request = request;
    this.#column = columns.links;
    this.#attributes = attributes;
  }

  writeRow(reader: ProtobufReader, links: Ranges): void {
    for (let i = 0; i < links.count; i++) {
      reader.at = links.starts[i]!;
      this.#readLink(reader, links.ends[i]!);
      if (this.#hasIds()) this.#writeLink();
      else this.#request.losses.droppedLinks++;
    }
    this.#column.endRow();
  }

  #readLink(reader: ProtobufReader, end: number): void {
    this.#traceIdStart = this.#traceIdEnd = 0;
    this.#spanIdStart = this.#spanIdEnd = 0;
    this.#traceStateStart = this.#traceStateEnd = 0;
    this.#list.reset(this.#request.limits.attributesMax);
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if ((tag & 7) !== 2) {
        reader.skip(tag, end);
        continue;
      }
      const stop = reader.readEnd(end);
      this.#take(tag >>> 3, reader.at, stop);
      reader.at = stop;
    }
  }

  #take(field: number, start: number, end: number): void {
    switch (field) {
      case 1:
        this.#traceIdStart = start;
        this.#traceIdEnd = end;
        break;
      case 2:
        this.#spanIdStart = start;
        this.#spanIdEnd = end;
        break;
      case 3:
        this.#traceStateStart = start;
        this.#traceStateEnd = end;
        break;
      case 4:
        this.#list.add(start, end);
        break;
      default:
    }
  }

  #hasIds(): boolean {
    return (
      this.#traceIdEnd - this.#traceIdStart === 16 && this.#spanIdEnd - this.#spanIdStart === 8
    );
  }

  #writeLink(): void {
    const { traceId, spanId, traceState, attributes, attributesJson } = this.#column.fields;
    const { body } = this.#request;
    traceId.addBytes(body, this.#traceIdStart, this.#traceIdEnd);
    spanId.addBytes(body, this.#spanIdStart, this.#spanIdEnd);
    this.#attributes.addUtf8(traceState, this.#traceStateStart, this.#traceStateEnd);
    this.#attributes.writeRow(this.#list, attributes, attributesJson);
    this.#column.endElement();
  }
}
