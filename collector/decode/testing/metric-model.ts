import type { OtlpAttribute } from "./otlp-model.ts";

/** An OTLP Metric in the words of OTLP/JSON; one of the arms of its data is there. */
export interface OtlpMetric {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  readonly metadata?: readonly OtlpAttribute[];
  readonly gauge?: { readonly dataPoints: readonly NumberPoint[] };
  readonly sum?: Aggregated<NumberPoint> & { readonly isMonotonic: boolean };
  readonly histogram?: Aggregated<HistogramPoint>;
  readonly exponentialHistogram?: Aggregated<ExponentialHistogramPoint>;
  readonly summary?: { readonly dataPoints: readonly SummaryPoint[] };
}

interface Aggregated<Point> {
  readonly aggregationTemporality: number;
  readonly dataPoints: readonly Point[];
}

interface Point {
  readonly timeUnixNano: string;
  readonly startTimeUnixNano?: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly flags?: number;
}

/** Doubles as OTLP/JSON writes them. */
export type JsonDouble = number | "NaN" | "Infinity" | "-Infinity";

export interface NumberPoint extends Point {
  readonly asInt?: string;
  readonly asDouble?: JsonDouble;
  readonly exemplars?: readonly OtlpExemplar[];
}

export interface HistogramPoint extends Point, Distribution {
  readonly explicitBounds?: readonly JsonDouble[];
  readonly bucketCounts?: readonly string[];
  readonly exemplars?: readonly OtlpExemplar[];
}

export interface ExponentialHistogramPoint extends Point, Distribution {
  readonly scale?: number;
  readonly zeroCount?: string;
  readonly zeroThreshold?: JsonDouble;
  readonly positive?: OtlpBuckets | undefined;
  readonly negative?: OtlpBuckets | undefined;
  readonly exemplars?: readonly OtlpExemplar[];
}

interface Distribution {
  readonly count: string;
  readonly sum?: JsonDouble | undefined;
  readonly min?: JsonDouble | undefined;
  readonly max?: JsonDouble | undefined;
}

export interface OtlpBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly string[];
}

export interface SummaryPoint extends Point {
  readonly count: string;
  readonly sum: JsonDouble;
  readonly quantileValues: readonly { readonly quantile: JsonDouble; readonly value: JsonDouble }[];
}

export interface OtlpExemplar {
  readonly timeUnixNano: string;
  readonly asInt?: string;
  readonly asDouble?: JsonDouble;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly filteredAttributes?: readonly OtlpAttribute[];
}
