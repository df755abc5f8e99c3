import type { HrTime } from "@opentelemetry/api";
import { millisToHrTime } from "@opentelemetry/core";
import { emptyResource } from "@opentelemetry/resources";
import type {
  AggregationTemporality,
  DataPoint,
  DataPointType,
  Histogram,
  MetricData,
  MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { Exemplar, HistogramPoint, Metric, MetricSource } from "./metric.ts";

/** The SDK's data point, and what it has no place for; `encode-metrics.ts` sends it. */
export interface DataPointWithExemplars extends DataPoint<Histogram> {
  readonly exemplars: readonly Exemplar[];
}

// The numbers of the SDK's enums: its module is not loaded for them.
const histogramType = 0 as DataPointType.HISTOGRAM;
const gaugeType = 2 as DataPointType.GAUGE;
const sumType = 3 as DataPointType.SUM;
const cumulative = 1 as AggregationTemporality;
const doubleValue = 1;

/** Gives the agent's own metrics to OpenTelemetry's readers. */
export function createMetricProducer(sources: readonly MetricSource[]): MetricProducer {
  const startTime = millisToHrTime(Date.now());
  return {
    async collect() {
      const endTime = millisToHrTime(Date.now());
      const metrics = sources
        .flatMap((read) => read())
        .filter(({ points }) => points.length > 0)
        .map((metric) => toMetricData(metric, startTime, endTime));
      const scopeMetrics = [{ scope: { name: "@culprit/agent" }, metrics }];
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

function toMetricData(metric: Metric, startTime: HrTime, endTime: HrTime): MetricData {
  const { name, description, unit } = metric;
  const descriptor = { name, description, unit, valueType: doubleValue };
  const shared = { descriptor, aggregationTemporality: cumulative };
  if (metric.kind === "histogram") {
    const dataPoints = metric.points.map((point) => toHistogramPoint(point, startTime, endTime));
    return { ...shared, dataPointType: histogramType, dataPoints };
  }
  const dataPoints = metric.points.map((point) => ({ ...point, startTime, endTime }));
  if (metric.kind === "gauge") return { ...shared, dataPointType: gaugeType, dataPoints };
  return {
    ...shared,
    dataPointType: sumType,
    dataPoints,
    isMonotonic: metric.kind === "counter",
  };
}

function toHistogramPoint(
  { attributes, bounds, counts, count, sum, min, max, exemplars }: HistogramPoint,
  startTime: HrTime,
  endTime: HrTime,
): DataPointWithExemplars {
  const buckets = { boundaries: [...bounds], counts: [...counts] };
  return { attributes, startTime, endTime, value: { buckets, count, sum, min, max }, exemplars };
}
