import {
  type Envelope,
  rowExpressions,
  toAttributeRow,
  toBits,
  toRows,
  toTextPairs,
} from "./envelope.ts";
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

const bits = (expression: string) => `toString(reinterpretAsUInt64(${expression}))`;
const texts = (list: string) => `arrayMap(x -> toString(x), ${list})`;
const optionalBits = (column: string) =>
  `if(isNull(${column}), '', ${bits(`assumeNotNull(${column})`)})`;

/** All of `metric_points`, as `toMetricRows` makes them. In any order. */
export const metricRowsQuery = {
  name: "all-metric-points",
  sql: `
    SELECT
      toString(toUnixTimestamp64Nano(ts)) AS time,
      toString(toUnixTimestamp64Nano(start_ts)) AS startTime,
      name,
      description,
      unit,
      arraySort(CAST(metadata, 'Array(Tuple(String, String))')) AS meta,
      toString(kind) AS kindName,
      toString(temporality) AS temporalityName,
      is_monotonic AS isMonotonic,
      flags,
      (toString(value_type), toString(value_int), ${bits("value_double")}) AS valueTuple,
      toString(count) AS countText,
      [${optionalBits("sum")}, ${optionalBits("min")}, ${optionalBits("max")}] AS sumMinMax,
      arrayMap(x -> ${bits("x")}, explicit_bounds) AS bounds,
      ${texts("bucket_counts")} AS counts,
      [scale, positive_offset, negative_offset] AS scaleAndOffsets,
      [toString(zero_count), ${bits("zero_threshold")}] AS zero,
      ${texts("positive_bucket_counts")} AS positive,
      ${texts("negative_bucket_counts")} AS negative,
      arrayMap(q -> (${bits("q.1")}, ${bits("q.2")}), quantiles) AS quantilePairs,
      arrayMap(
        e -> (toString(toUnixTimestamp64Nano(e.ts)), lower(hex(e.trace_id)), lower(hex(e.span_id)),
          toString(e.value_type), toString(e.value_int), ${bits("e.value_double")},
          arraySort(arrayConcat(
            CAST(e.attributes, 'Array(Tuple(String, String))'), CAST(e.attributes_json, 'Array(Tuple(String, String))')))),
        exemplars) AS exemplarTuples,
      ${rowExpressions}
    FROM metric_points
    ORDER BY ts
    LIMIT 100000`,
};

const temporalities = ["unspecified", "delta", "cumulative"];

/** What storage holds of metrics, made in the plain way. */
export function toMetricRows(envelope: Envelope<OtlpMetric>): object[] {
  return toRows(envelope, (metric) => {
    const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
    const points: readonly AnyPoint[] =
      (gauge ?? sum ?? histogram ?? exponentialHistogram ?? summary)?.dataPoints ?? [];
    const data = sum ?? histogram ?? exponentialHistogram;
    return points.map((point) => ({
      time: point.timeUnixNano,
      startTime: point.startTimeUnixNano ?? "0",
      name: metric.name,
      description: metric.description,
      unit: metric.unit,
      meta: toTextPairs(metric.metadata ?? []),
      kindName: toKindName(metric),
      temporalityName: temporalities[data?.aggregationTemporality ?? 0],
      isMonotonic: sum?.isMonotonic ?? false,
      ...toPointRow(point),
    }));
  });
}

type AllPoints = NumberPoint & HistogramPoint & ExponentialHistogramPoint & SummaryPoint;
type AnyPoint = Partial<Omit<AllPoints, "sum">> & { readonly sum?: JsonDouble | undefined };

function toKindName(metric: OtlpMetric): string {
  if (metric.exponentialHistogram !== undefined) return "exponential_histogram";
  return ["gauge", "sum", "histogram", "summary"].find((arm) => arm in metric)!;
}

function toPointRow(point: AnyPoint): object {
  return {
    flags: point.flags,
    valueTuple: toValue(point),
    countText: point.count ?? "0",
    sumMinMax: [point.sum, point.min, point.max].map((value) =>
      value === undefined ? "" : toBits(Number(value)),
    ),
    bounds: (point.explicitBounds ?? []).map((bound) => toBits(Number(bound))),
    counts: point.bucketCounts ?? [],
    scaleAndOffsets: [point.scale, point.positive?.offset, point.negative?.offset].map(
      (value) => value ?? 0,
    ),
    zero: [point.zeroCount ?? "0", toBits(Number(point.zeroThreshold ?? 0))],
    positive: toCounts(point.positive),
    negative: toCounts(point.negative),
    quantilePairs: (point.quantileValues ?? []).map(({ quantile, value }) => [
      toBits(Number(quantile)),
      toBits(Number(value)),
    ]),
    exemplarTuples: (point.exemplars ?? []).map(toExemplar),
    ...toAttributeRow(point.attributes ?? []),
  };
}

function toCounts(buckets: OtlpBuckets | undefined): readonly string[] {
  return buckets?.bucketCounts ?? [];
}

function toValue(value: { asInt?: string; asDouble?: JsonDouble }): string[] {
  if (value.asInt !== undefined) return ["int", value.asInt, "0"];
  if (value.asDouble !== undefined) return ["double", "0", toBits(Number(value.asDouble))];
  return ["none", "0", "0"];
}

function toExemplar(exemplar: OtlpExemplar): unknown[] {
  return [
    exemplar.timeUnixNano,
    exemplar.traceId || "00".repeat(16),
    exemplar.spanId || "00".repeat(8),
    ...toValue(exemplar),
    toTextPairs(exemplar.filteredAttributes ?? []),
  ];
}
