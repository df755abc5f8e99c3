import type { Query } from "../store.ts";

/**
 * The newest data point of each time series of one metric of one service in [fromS, toS). Points that say that nothing was
 * recorded are left out.
 */
export const metricLatestQuery: Query = {
  name: "metric-latest",
  sql: `
    SELECT
      toString(series_id) AS seriesId,
      toFloat64(toUnixTimestamp64Milli(ts)) AS atMs,
      kind,
      temporality,
      unit,
      environment,
      service_version AS serviceVersion,
      toString(resource_id) AS resourceId,
      if(value_type = 'none', NULL, value) AS value,
      toFloat64(count) AS count,
      sum,
      min,
      max,
      explicit_bounds AS explicitBounds,
      arrayMap(c -> toFloat64(c), bucket_counts) AS bucketCounts,
      attributes,
      attributes_int AS attributesInt,
      attributes_double AS attributesDouble,
      attributes_bool AS attributesBool,
      attributes_json AS attributesJson
    FROM metric_points
    WHERE service = {service:String}
      AND name = {metric:String}
      AND toStartOfHour(ts) >= toStartOfHour(toDateTime({fromS:UInt32}, 'UTC'))
      AND toStartOfHour(ts) <= toStartOfHour(toDateTime({toS:UInt32}, 'UTC'))
      AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32}, 9, 'UTC')
      AND bitAnd(flags, 1) = 0
    ORDER BY ts DESC, series_id, received DESC
    LIMIT 1 BY series_id
    LIMIT {seriesMax:UInt32}`,
};

export type MetricLatestParameters = {
  readonly service: string;
  readonly metric: string;
  readonly fromS: number;
  readonly toS: number;
  readonly seriesMax: number;
};

type Attributes = Readonly<Record<string, string>>;

/** Numbers that are no finite ones are null; counts are exact to 2^53. */
export type MetricLatestRow = {
  /** Decimal UInt64, as `resourceId`. */
  readonly seriesId: string;
  readonly atMs: number;
  readonly kind: "gauge" | "sum" | "histogram" | "exponential_histogram" | "summary";
  readonly temporality: "unspecified" | "delta" | "cumulative";
  readonly unit: string;
  readonly environment: string;
  readonly serviceVersion: string;
  readonly resourceId: string;
  /** Of a gauge or a sum; null: of another kind. */
  readonly value: number | null;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly explicitBounds: readonly (number | null)[];
  readonly bucketCounts: readonly number[];
  readonly attributes: Attributes;
  /** Decimal Int64. */
  readonly attributesInt: Attributes;
  readonly attributesDouble: Readonly<Record<string, number>>;
  readonly attributesBool: Readonly<Record<string, boolean>>;
  readonly attributesJson: Attributes;
};
