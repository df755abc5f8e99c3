import type { AttributeWriter } from "./attribute-writer.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { MetricBlockColumns } from "./metric-block.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";

/** `value_type` of points and exemplars. */
export const valueTypes = { none: 0, int: 1, double: 2 } as const;

/** Copies the exemplars of a data point; each as OTLP Exemplar. */
export class ExemplarWriter {
  readonly #request: DecodeRequest;
  readonly #column: MetricBlockColumns["exemplars"];
  readonly #attributes: AttributeWriter;
  readonly #list = new Ranges();
  #valueType = 0;
  #valueLo = 0;
  #valueHi = 0;
  #timeLo = 0;
  #timeHi = 0;
  #spanIdStart = 0;
  #spanIdEnd = 0;
  #traceIdStart = 0;
  #traceIdEnd = 0;

  constructor(request: DecodeRequest, columns: MetricBlockColumns, attributes: AttributeWriter) {
    this.#request = request;
    this.#column = columns.exemplars;
    this.#attributes = attributes;
  }

  writeRow(reader: ProtobufReader, exemplars: Ranges): void {
    this.#request.losses.droppedExemplars += exemplars.total - exemplars.count;
    for (let i = 0; i < exemplars.count; i++) {
      reader.at = exemplars.starts[i]!;
      this.#read(reader, exemplars.ends[i]!);
      this.#write();
    }
    this.#column.endRow();
  }

  #read(reader: ProtobufReader, end: number): void {
    this.#valueType = valueTypes.none;
    this.#valueLo = this.#valueHi = 0;
    this.#timeLo = this.#timeHi = 0;
    this.#spanIdStart = this.#spanIdEnd = 0;
    this.#traceIdStart = this.#traceIdEnd = 0;
    this.#list.reset(this.#request.limits.attributesMax);
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if ((tag & 7) === 2) {
        const stop = reader.readEnd(end);
        this.#takeRange(tag >>> 3, reader.at, stop);
        reader.at = stop;
      } else if ((tag & 7) === 1) {
        reader.readFixed64(end);
        this.#takeNumber(tag >>> 3, reader.lo, reader.hi);
      } else {
        reader.skip(tag, end);
      }
    }
  }

  #takeRange(field: number, start: number, end: number): void {
    if (field === 4) {
      this.#spanIdStart = start;
      this.#spanIdEnd = end;
    } else if (field === 5) {
      this.#traceIdStart = start;
      this.#traceIdEnd = end;
    } else if (field === 7) {
      this.#list.add(start, end);
    }
  }

  #takeNumber(field: number, lo: number, hi: number): void {
    if (field === 2) {
      this.#timeLo = lo;
      this.#timeHi = hi;
    } else if (field === 3 || field === 6) {
      this.#valueType = field === 3 ? valueTypes.double : valueTypes.int;
      this.#valueLo = lo;
      this.#valueHi = hi;
    }
  }

  #write(): void {
    const { fields } = this.#column;
    const isInt = this.#valueType === valueTypes.int;
    const isDouble = this.#valueType === valueTypes.double;
    fields.ts.addUint64(this.#timeLo, this.#timeHi);
    this.#attributes.addId(fields.traceId, this.#traceIdStart, this.#traceIdEnd, 16);
    this.#attributes.addId(fields.spanId, this.#spanIdStart, this.#spanIdEnd, 8);
    fields.valueType.addUint8(this.#valueType);
    fields.valueInt.addUint64(isInt ? this.#valueLo : 0, isInt ? this.#valueHi : 0);
    fields.valueDouble.addUint64(isDouble ? this.#valueLo : 0, isDouble ? this.#valueHi : 0);
    this.#attributes.writeRow(this.#list, fields.attributes, fields.attributesJson);
    this.#column.endElement();
  }
}
