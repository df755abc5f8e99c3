import type { AttributeWriter } from "./attribute-writer.ts";
import type { Column } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import { ExemplarWriter, valueTypes } from "./exemplar-writer.ts";
import { type ExponentialBuckets, fromZigzag } from "./exponential-buckets.ts";
import type { MetricBlockColumns, NumberListColumn } from "./metric-block.ts";
import type { NullableColumn } from "./native-block.ts";
import { pointField as field, type PointMessage } from "./point-message.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";

/** Writes the columns of a row of `metric_points` that its data point fills; those that its kind lacks stay empty. */
export class PointWriter {
  readonly #request: DecodeRequest;
  readonly #columns: MetricBlockColumns;
  readonly #attributes: AttributeWriter;
  readonly #exemplars: ExemplarWriter;

  constructor(request: DecodeRequest, columns: MetricBlockColumns, attributes: AttributeWriter) {
    this.#request = request;
    this.#columns = columns;
    this.#attributes = attributes;
    this.#exemplars = new ExemplarWriter(request, columns, attributes);
  }

  write(
    point: PointMessage,
    positive: ExponentialBuckets,
    negative: ExponentialBuckets,
    reader: ProtobufReader,
  ): void {
    const columns = this.#columns;
    addNumber(columns.ts, point, field.time);
    addNumber(columns.start_ts, point, field.startTime);
    columns.flags.addUint32(point.lo[field.flags]!);
    this.#writeValue(point);
    addNumber(columns.count, point, field.count);
    addOptional(columns.sum, point, field.sum);
    addOptional(columns.min, point, field.min);
    addOptional(columns.max, point, field.max);
    this.#addList(columns.explicit_bounds, point, field.explicitBounds);
    this.#addList(columns.bucket_counts, point, field.bucketCounts);
    columns.scale.addUint32(fromZigzag(point.lo[field.scale]!));
    addNumber(columns.zero_count, point, field.zeroCount);
    addNumber(columns.zero_threshold, point, field.zeroThreshold);
    columns.positive_offset.addUint32(positive.offset);
    addBuckets(columns.positive_bucket_counts, positive);
    columns.negative_offset.addUint32(negative.offset);
    addBuckets(columns.negative_bucket_counts, negative);
    this.#writeQuantiles(point, reader);
    this.#exemplars.writeRow(reader, point.lists[field.exemplars]!);
    this.#attributes.writeTyped(point.lists[field.attributes]!);
    this.#attributes.endTypedRow();
  }

  #writeValue(point: PointMessage): void {
    const { value_type, value_int, value_double } = this.#columns;
    const isInt = point.has[field.asInt] === 1;
    const isDouble = point.has[field.asDouble] === 1;
    value_type.addUint8(isInt ? valueTypes.int : isDouble ? valueTypes.double : valueTypes.none);
    value_int.addUint64(isInt ? point.lo[field.asInt]! : 0, isInt ? point.hi[field.asInt]! : 0);
    value_double.addUint64(
      isDouble ? point.lo[field.asDouble]! : 0,
      isDouble ? point.hi[field.asDouble]! : 0,
    );
  }

  /** Numbers of eight bytes are little-endian in both formats: they are copied as they lie. */
  #addList(column: NumberListColumn, point: PointMessage, index: number): void {
    const { starts, ends, count } = point.lists[index]!;
    for (let i = 0; i < count; i++) {
      column.fields.value.addBytes(this.#request.body, starts[i]!, ends[i]!);
      column.endElements((ends[i]! - starts[i]!) / 8);
    }
    column.endRow();
  }

  #writeQuantiles(point: PointMessage, reader: ProtobufReader): void {
    const { quantiles } = this.#columns;
    const list = point.lists[field.quantiles]!;
    for (let i = 0; i < list.count; i++) {
      reader.at = list.starts[i]!;
      this.#writeQuantile(reader, list.ends[i]!);
    }
    quantiles.endRow();
  }

  #writeQuantile(reader: ProtobufReader, end: number): void {
    const { fields } = this.#columns.quantiles;
    let quantileLo = 0;
    let quantileHi = 0;
    let valueLo = 0;
    let valueHi = 0;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x09) {
        reader.readFixed64(end);
        quantileLo = reader.lo;
        quantileHi = reader.hi;
      } else if (tag === 0x11) {
        reader.readFixed64(end);
        valueLo = reader.lo;
        valueHi = reader.hi;
      } else {
        reader.skip(tag, end);
      }
    }
    fields.quantile.addUint64(quantileLo, quantileHi);
    fields.value.addUint64(valueLo, valueHi);
    this.#columns.quantiles.endElement();
  }
}

function addNumber(column: Column, point: PointMessage, index: number): void {
  column.addUint64(point.lo[index]!, point.hi[index]!);
}

function addOptional(column: NullableColumn, point: PointMessage, index: number): void {
  if (point.has[index] === 1) column.add(point.lo[index]!, point.hi[index]!);
  else column.addNull();
}

function addBuckets(column: NumberListColumn, { counts, count }: ExponentialBuckets): void {
  column.fields.value.addBytes(counts.bytes, 0, counts.length);
  column.endElements(count);
  column.endRow();
}
