import type { Attributes, AttributeValue, HrTime } from "@opentelemetry/api";
import type {
  DataPoint,
  Histogram,
  MetricData,
  ResourceMetrics,
  ScopeMetrics,
} from "@opentelemetry/sdk-metrics";
import type { Exemplar } from "./metric.ts";
import type { DataPointWithExemplars } from "./metric-producer.ts";
import {
  bytesField,
  doubleField,
  doubles,
  fixed64Field,
  fixed64s,
  message,
  stringField,
  varintField,
} from "./protobuf.ts";

/**
 * An ExportMetricsServiceRequest (opentelemetry-proto, metrics/v1/metrics.proto, whose field numbers these are).
 * OpenTelemetry's own serializer knows no exemplars. Exponential histograms, which no instrument makes unless a view
 * asks for them, are left out.
 */
export function encodeMetrics({ resource, scopeMetrics }: ResourceMetrics): Uint8Array {
  const resourceMessage = message(toAttributes(1, resource.attributes), varintField(2, 0));
  return bytesField(
    1,
    message(
      bytesField(1, resourceMessage),
      ...scopeMetrics.map((it) => bytesField(2, toScope(it))),
    ),
  );
}

function toScope({ scope, metrics }: ScopeMetrics): Uint8Array {
  return message(
    bytesField(1, message(stringField(1, scope.name), stringField(2, scope.version ?? ""))),
    ...metrics.flatMap((metric) => {
      const data = toData(metric);
      return data ? [bytesField(2, toMetric(metric, data))] : [];
    }),
  );
}

function toMetric({ descriptor }: MetricData, data: Uint8Array): Uint8Array {
  const { name, description, unit } = descriptor;
  return message(stringField(1, name), stringField(2, description), stringField(3, unit), data);
}

/** Field 5 gauge, 7 sum, 9 histogram. The SDK's types are 0 histogram, 1 exponential histogram, 2 gauge, 3 sum. */
function toData(metric: MetricData): Uint8Array | undefined {
  const points = (toPoint: (point: never) => Uint8Array) =>
    metric.dataPoints.map((point) => bytesField(1, toPoint(point as never)));
  // Of the SDK 0 is delta and 1 cumulative, of OTLP 1 and 2.
  const temporality = varintField(2, metric.aggregationTemporality + 1);
  switch (metric.dataPointType as number) {
    case 0:
      return bytesField(9, message(...points(toHistogramPoint), temporality));
    case 2:
      return bytesField(5, message(...points(toNumberPoint)));
    case 3: {
      const isMonotonic = "isMonotonic" in metric && metric.isMonotonic;
      return bytesField(
        7,
        message(...points(toNumberPoint), temporality, varintField(3, isMonotonic ? 1 : 0)),
      );
    }
    default:
      return undefined;
  }
}

function toNumberPoint({ attributes, startTime, endTime, value }: DataPoint<number>): Uint8Array {
  return message(
    toAttributes(7, attributes),
    fixed64Field(2, toNanoseconds(startTime)),
    fixed64Field(3, toNanoseconds(endTime)),
    doubleField(4, value),
  );
}

function toHistogramPoint(point: DataPoint<Histogram> | DataPointWithExemplars): Uint8Array {
  const { attributes, startTime, endTime, value } = point;
  const { buckets, count, sum, min, max } = value;
  return message(
    toAttributes(9, attributes),
    fixed64Field(2, toNanoseconds(startTime)),
    fixed64Field(3, toNanoseconds(endTime)),
    fixed64Field(4, BigInt(count)),
    ...(sum === undefined ? [] : [doubleField(5, sum)]),
    bytesField(6, fixed64s(buckets.counts.map(BigInt))),
    bytesField(7, doubles(buckets.boundaries)),
    ...("exemplars" in point ? point.exemplars.map((it) => bytesField(8, toExemplar(it))) : []),
    ...(min === undefined ? [] : [doubleField(11, min)]),
    ...(max === undefined ? [] : [doubleField(12, max)]),
  );
}

function toExemplar({ value, timeMs, traceId, spanId }: Exemplar): Uint8Array {
  return message(
    fixed64Field(2, BigInt(timeMs) * 1_000_000n),
    doubleField(3, value),
    bytesField(4, Buffer.from(spanId, "hex")),
    bytesField(5, Buffer.from(traceId, "hex")),
  );
}

function toAttributes(field: number, attributes: Attributes): Uint8Array {
  const pairs = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [bytesField(field, message(stringField(1, key), bytesField(2, toAnyValue(value))))],
  );
  return message(...pairs);
}

/** common/v1/common.proto: 1 text, 2 boolean, 3 integer, 4 double, 5 array. */
function toAnyValue(value: AttributeValue | null): Uint8Array {
  if (value == null) return message();
  if (typeof value === "string") return bytesField(1, Buffer.from(value));
  if (typeof value === "boolean") return varintField(2, value ? 1 : 0);
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && value >= 0
      ? varintField(3, value)
      : doubleField(4, value);
  }
  if (!Array.isArray(value)) return message();
  return bytesField(5, message(...value.map((item) => bytesField(1, toAnyValue(item)))));
}

function toNanoseconds([seconds, nanoseconds]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
