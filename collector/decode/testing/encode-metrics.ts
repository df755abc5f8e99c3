import {
  attributes,
  bytes,
  double,
  encodeEnvelope,
  fixed64,
  message,
  text,
  varint,
} from "./encode-otlp.ts";
import type { Envelope } from "./envelope.ts";
import type {
  ExponentialHistogramPoint,
  HistogramPoint,
  JsonDouble,
  NumberPoint,
  OtlpBuckets,
  OtlpExemplar,
  OtlpMetric,
  SummaryPoint,
} from "./metric-model.ts";

/** Encodes metrics field by field, lists packed; written apart from the decoder, so that the two can disagree. */
export function encodeMetrics(envelope: Envelope<OtlpMetric>): Buffer {
  return encodeEnvelope(envelope, (metric) => [
    // The data first: what a metric is called may legally follow it.
    ...encodeData(metric),
    text(1, metric.name),
    text(2, metric.description ?? ""),
    text(3, metric.unit ?? ""),
    ...attributes(12, metric.metadata ?? []),
  ]);
}

function encodeData(metric: OtlpMetric): Buffer[] {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  const points = <P>(list: readonly P[], encode: (point: P) => Buffer[]) =>
    list.map((point) => message(1, encode(point)));
  const temporality = (data: { aggregationTemporality: number }) =>
    varint(2, BigInt(data.aggregationTemporality));
  return [
    ...(gauge ? [message(5, points(gauge.dataPoints, encodeNumber))] : []),
    ...(sum
      ? [
          message(7, [
            ...points(sum.dataPoints, encodeNumber),
            temporality(sum),
            varint(3, sum.isMonotonic ? 1n : 0n),
          ]),
        ]
      : []),
    ...(histogram
      ? [message(9, [...points(histogram.dataPoints, encodeHistogram), temporality(histogram)])]
      : []),
    ...(exponentialHistogram
      ? [
          message(10, [
            ...points(exponentialHistogram.dataPoints, encodeExponential),
            temporality(exponentialHistogram),
          ]),
        ]
      : []),
    ...(summary ? [message(11, points(summary.dataPoints, encodeSummary))] : []),
  ];
}

function encodeNumber(point: NumberPoint): Buffer[] {
  return [
    ...times(point),
    ...optional(4, point.asDouble),
    ...encodeExemplars(5, point.exemplars),
    ...(point.asInt === undefined ? [] : [fixed64(6, BigInt.asUintN(64, BigInt(point.asInt)))]),
    ...attributes(7, point.attributes ?? []),
    varint(8, BigInt(point.flags ?? 0)),
  ];
}

function encodeHistogram(point: HistogramPoint): Buffer[] {
  const counts = (point.bucketCounts ?? []).map((count) => fixed64(1, BigInt(count)).subarray(1));
  const bounds = (point.explicitBounds ?? []).map((bound) => double(1, bound).subarray(1));
  return [
    ...times(point),
    fixed64(4, BigInt(point.count)),
    ...optional(5, point.sum),
    bytes(6, Buffer.concat(counts)),
    bytes(7, Buffer.concat(bounds)),
    ...encodeExemplars(8, point.exemplars),
    ...attributes(9, point.attributes ?? []),
    varint(10, BigInt(point.flags ?? 0)),
    ...optional(11, point.min),
    ...optional(12, point.max),
  ];
}

function encodeExponential(point: ExponentialHistogramPoint): Buffer[] {
  return [
    ...attributes(1, point.attributes ?? []),
    ...times(point),
    fixed64(4, BigInt(point.count)),
    ...optional(5, point.sum),
    varint(6, toZigzag(point.scale ?? 0)),
    fixed64(7, BigInt(point.zeroCount ?? 0)),
    ...encodeBuckets(8, point.positive),
    ...encodeBuckets(9, point.negative),
    varint(10, BigInt(point.flags ?? 0)),
    ...encodeExemplars(11, point.exemplars),
    ...optional(12, point.min),
    ...optional(13, point.max),
    ...optional(14, point.zeroThreshold),
  ];
}

function encodeBuckets(field: number, buckets: OtlpBuckets | undefined): Buffer[] {
  if (buckets === undefined) return [];
  const counts = buckets.bucketCounts.map((count) => varint(1, BigInt(count)).subarray(1));
  return [message(field, [varint(1, toZigzag(buckets.offset)), bytes(2, Buffer.concat(counts))])];
}

function encodeSummary(point: SummaryPoint): Buffer[] {
  return [
    ...times(point),
    fixed64(4, BigInt(point.count)),
    double(5, point.sum),
    ...point.quantileValues.map(({ quantile, value }) =>
      message(6, [double(1, quantile), double(2, value)]),
    ),
    ...attributes(7, point.attributes ?? []),
    varint(8, BigInt(point.flags ?? 0)),
  ];
}

function encodeExemplars(field: number, exemplars: readonly OtlpExemplar[] = []): Buffer[] {
  return exemplars.map((exemplar) =>
    message(field, [
      fixed64(2, BigInt(exemplar.timeUnixNano)),
      ...optional(3, exemplar.asDouble),
      bytes(4, Buffer.from(exemplar.spanId ?? "", "hex")),
      bytes(5, Buffer.from(exemplar.traceId ?? "", "hex")),
      ...(exemplar.asInt === undefined
        ? []
        : [fixed64(6, BigInt.asUintN(64, BigInt(exemplar.asInt)))]),
      ...attributes(7, exemplar.filteredAttributes ?? []),
    ]),
  );
}

function times(point: { timeUnixNano: string; startTimeUnixNano?: string }): Buffer[] {
  return [fixed64(2, BigInt(point.startTimeUnixNano ?? 0)), fixed64(3, BigInt(point.timeUnixNano))];
}

function optional(field: number, value: JsonDouble | undefined): Buffer[] {
  return value === undefined ? [] : [double(field, value)];
}

function toZigzag(value: number): bigint {
  return BigInt(value < 0 ? -2 * value - 1 : 2 * value);
}
