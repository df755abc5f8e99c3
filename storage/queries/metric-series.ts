import type { Query } from "../store.ts";

/**
 * The time series of one metric of one service in [fromS, toS), a row for each series and step. What changes in a step is
 * the total where temporality is delta, and the difference of two `…Last` where it is cumulative.
 */
export const metricSeriesQuery: Query = {
  name: "metric-series",
  sql: `
    SELECT
      toString(series_id) AS seriesId,
      toUInt32(intDiv(toUnixTimestamp(ts), {stepS:UInt32}) * {stepS:UInt32}) AS stepS,
      any(temporality) AS temporality,
      toUInt32(count()) AS points,
      argMax(value, ts) AS valueLast,
      min(value) AS valueMin,
      max(value) AS valueMax,
      avg(value) AS valueMean,
      sum(value) AS valueTotal,
      toFloat64(argMax(metric_points.count, ts)) AS countLast,
      toFloat64(sum(metric_points.count)) AS countTotal,
      argMax(metric_points.sum, ts) AS sumLast,
      sum(metric_points.sum) AS sumTotal
    FROM metric_points
    WHERE service = {service:String}
      AND name = {metric:String}
      AND toStartOfHour(ts) >= toStartOfHour(toDateTime({fromS:UInt32}, 'UTC'))
      AND toStartOfHour(ts) <= toStartOfHour(toDateTime({toS:UInt32}, 'UTC'))
      AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32}, 9, 'UTC')
      AND bitAnd(flags, 1) = 0
    GROUP BY series_id, stepS
    ORDER BY series_id, stepS
    LIMIT {stepsMax:UInt32}`,
};

export type MetricSeriesParameters = {
  readonly service: string;
  readonly metric: string;
  readonly fromS: number;
  readonly toS: number;
  /** Length of a step; steps begin at its multiples. */
  readonly stepS: number;
  /** Of all series together. */
  readonly stepsMax: number;
};

/** Numbers that are no finite ones are null. `value…` are those of gauges and sums, the others of distributions. */
export type MetricSeriesRow = {
  readonly seriesId: string;
  /** When the step begins, seconds since 1970. */
  readonly stepS: number;
  readonly temporality: "unspecified" | "delta" | "cumulative";
  readonly points: number;
  readonly valueLast: number | null;
  readonly valueMin: number | null;
  readonly valueMax: number | null;
  readonly valueMean: number | null;
  readonly valueTotal: number | null;
  readonly countLast: number;
  readonly countTotal: number;
  readonly sumLast: number | null;
  readonly sumTotal: number | null;
};
