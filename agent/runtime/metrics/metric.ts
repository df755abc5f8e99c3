import type { Attributes } from "@opentelemetry/api";

/** One measurement, with the span in which it was made. */
export interface Exemplar {
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly traceId: string;
  readonly spanId: string;
}

export interface NumberPoint {
  readonly attributes: Attributes;
  readonly value: number;
}

export interface HistogramPoint {
  readonly attributes: Attributes;
  /** Upper bounds of all buckets but the last, which has none. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly exemplars: readonly Exemplar[];
}

interface Description {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
}

interface NumberMetric extends Description {
  /** A counter only grows; an up-down counter sums up over processes; of a gauge the last value counts. */
  readonly kind: "counter" | "upDownCounter" | "gauge";
  readonly points: readonly NumberPoint[];
}

export interface HistogramMetric extends Description {
  readonly kind: "histogram";
  readonly points: readonly HistogramPoint[];
}

/** Cumulative since the start of the process. */
export type Metric = NumberMetric | HistogramMetric;

/** Read at each export. */
export type MetricSource = () => readonly Metric[];
