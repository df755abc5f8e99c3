import { AttributeWriter } from "./attribute-writer.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { DecodeContext, RejectReason } from "./decoded-block.ts";
import { ExponentialBuckets } from "./exponential-buckets.ts";
import { createMetricBlock, type MetricBlock } from "./metric-block.ts";
import { MetricMessage } from "./metric-message.ts";
import { PointMessage, pointField } from "./point-message.ts";
import { PointWriter } from "./point-writer.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import type { RowDecoder } from "./request-decoder.ts";
import type { ResourceMessage, ScopeMessage } from "./resource-message.ts";
import { ResourceWriter } from "./resource-writer.ts";
import { SeriesHash } from "./series-hash.ts";

/** A row of `metric_points` for each data point of an OTLP Metric. */
export function createMetricDecoder(request: DecodeRequest): RowDecoder {
  return new MetricDecoder(request);
}

/** Metric ─ Gauge, Sum, Histogram … ─ data point* ─▶ judged ─▶ a row, or counted by reason */
class MetricDecoder implements RowDecoder {
  readonly block: MetricBlock = createMetricBlock();
  readonly #request: DecodeRequest;
  readonly #attributes: AttributeWriter;
  readonly #resources: ResourceWriter;
  readonly #points: PointWriter;
  readonly #series: SeriesHash;
  readonly #metric = new MetricMessage();
  readonly #point = new PointMessage();
  readonly #positive = new ExponentialBuckets();
  readonly #negative = new ExponentialBuckets();

  constructor(request: DecodeRequest) {
    const { keys, columns } = this.block;
    this.#request = request;
    this.#attributes = new AttributeWriter(request, keys, columns);
    this.#resources = new ResourceWriter(columns, this.#attributes, request);
    this.#points = new PointWriter(request, columns, this.#attributes);
    this.#series = new SeriesHash(request, this.#attributes.keyValue);
  }

  get keyValue() {
    return this.#attributes.keyValue;
  }

  startRequest({ receivedMs }: DecodeContext): void {
    this.#resources.startRequest(receivedMs);
  }

  endRequest(): void {
    this.#resources.endRequest();
  }

  read(reader: ProtobufReader, end: number, resource: ResourceMessage, scope: ScopeMessage): void {
    const metric = this.#metric;
    metric.read(reader, end, this.#request.limits.attributesMax);
    this.#series.startMetric(metric, resource, scope);
    reader.at = metric.dataStart;
    while (reader.at < metric.dataEnd) {
      const tag = reader.readTag(metric.dataEnd);
      if (tag !== 0x0a) {
        reader.skip(tag, metric.dataEnd);
        continue;
      }
      const pointEnd = reader.readEnd(metric.dataEnd);
      this.#readPoint(reader, pointEnd, resource, scope);
      reader.at = pointEnd;
    }
  }

  #readPoint(
    reader: ProtobufReader,
    end: number,
    resource: ResourceMessage,
    scope: ScopeMessage,
  ): void {
    const point = this.#point;
    const { limits } = this.#request;
    this.#request.countRow();
    point.read(reader, end, this.#metric.kind, limits);
    this.#positive.read(reader, point.lists[pointField.positive]!, limits.bucketsMax);
    this.#negative.read(reader, point.lists[pointField.negative]!, limits.bucketsMax);
    const reason = this.#judge(point);
    if (reason !== null) {
      this.#request.reject(reason);
      return;
    }
    this.#resources.write(resource, scope);
    this.#writeMetric(this.#metric);
    this.#series.hash(point.lists[pointField.attributes]!);
    this.block.columns.series_id.addUint64(this.#series.lo, this.#series.hi);
    this.#points.write(point, this.#positive, this.#negative, reader);
    this.block.rows++;
  }

  #judge(point: PointMessage): RejectReason | null {
    const { bucketsMax } = this.#request.limits;
    const { time, bucketCounts, explicitBounds, quantiles } = pointField;
    if (!this.#request.isServiceAllowed) return "service_not_allowed";
    if (!this.#request.isInWindow(point.lo[time]!, point.hi[time]!)) return "outside_time_window";
    const counts = point.countNumbers(bucketCounts);
    const bounds = point.countNumbers(explicitBounds);
    const isTooLong =
      counts > bucketsMax ||
      bounds > bucketsMax ||
      point.lists[quantiles]!.total > bucketsMax ||
      this.#positive.count > bucketsMax ||
      this.#negative.count > bucketsMax;
    if (isTooLong) return "too_many_buckets";
    return counts !== 0 && counts !== bounds + 1 ? "invalid_buckets" : null;
  }

  /** The same for each point of a metric; repeated, it compresses to nearly nothing. */
  #writeMetric(metric: MetricMessage): void {
    const { columns } = this.block;
    const attributes = this.#attributes;
    attributes.addUtf8(columns.name, metric.nameStart, metric.nameEnd);
    attributes.addUtf8(columns.description, metric.descriptionStart, metric.descriptionEnd);
    attributes.addUtf8(columns.unit, metric.unitStart, metric.unitEnd);
    if (metric.metadata.total === 0) columns.metadata.endRow();
    else attributes.writeRow(metric.metadata, columns.metadata, columns.metadata);
    columns.kind.addUint8(metric.kind);
    columns.temporality.addUint8(metric.temporality);
    columns.is_monotonic.addUint8(metric.isMonotonic ? 1 : 0);
  }
}
