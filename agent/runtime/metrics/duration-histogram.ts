import type { Attributes, SpanContext } from "@opentelemetry/api";
import { TraceFlags } from "@opentelemetry/api";
import type { Exemplar, HistogramMetric, HistogramPoint } from "./metric.ts";

export interface DurationHistogramOptions {
  readonly name: string;
  readonly description: string;
  /** In seconds, ascending. */
  readonly bounds: readonly number[];
  /** Of different attributes; what is beyond goes to one series, `otel.metric.overflow`. */
  readonly seriesMax?: number;
}

/** As OpenTelemetry's specification of cardinality limits has it. */
const seriesMaxDefault = 2_000;

/**
 * Durations by attributes, aggregated as they come. Recording finds a series by its key and adds to typed arrays: no
 * object is made, except for the first measurement of a bucket after an export, which becomes its exemplar.
 */
export class DurationHistogram {
  readonly #options: Required<DurationHistogramOptions>;
  readonly #series = new Map<string, Series>();
  #overflow: Series | undefined;

  constructor(options: DurationHistogramOptions) {
    this.#options = { seriesMax: seriesMaxDefault, ...options };
  }

  /** `key` stands for the attributes; `toAttributes` is called for the first of a key. */
  record(seconds: number, key: string, toAttributes: () => Attributes, span?: SpanContext): void {
    const series = this.#series.get(key) ?? this.#addSeries(key, toAttributes);
    series.record(seconds, span);
  }

  collect(): HistogramMetric {
    const { name, description } = this.#options;
    const points = [...this.#series.values()].map((series) => series.takePoint());
    if (this.#overflow) points.push(this.#overflow.takePoint());
    return { kind: "histogram", name, description, unit: "s", points };
  }

  #addSeries(key: string, toAttributes: () => Attributes): Series {
    // One place is that of the overflow.
    if (this.#series.size >= this.#options.seriesMax - 1) {
      this.#overflow ??= new Series({ "otel.metric.overflow": true }, this.#options.bounds);
      return this.#overflow;
    }
    const series = new Series(toAttributes(), this.#options.bounds);
    this.#series.set(key, series);
    return series;
  }
}

class Series {
  readonly #attributes: Attributes;
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #exemplars: (Exemplar | undefined)[] = [];
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(attributes: Attributes, bounds: readonly number[]) {
    this.#attributes = attributes;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  record(seconds: number, span: SpanContext | undefined): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
    if (seconds < this.#min) this.#min = seconds;
    if (seconds > this.#max) this.#max = seconds;
    if (span !== undefined && this.#exemplars[bucket] === undefined) {
      this.#exemplars[bucket] = toExemplar(seconds, span);
    }
  }

  /** Exemplars are those since the last time. */
  takePoint(): HistogramPoint {
    const counts = [...this.#counts];
    const exemplars = this.#exemplars.filter((exemplar) => exemplar !== undefined);
    this.#exemplars = [];
    return {
      attributes: this.#attributes,
      bounds: this.#bounds,
      counts,
      count: counts.reduce((sum, count) => sum + count, 0),
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      exemplars,
    };
  }
}

/** Undefined for a span that is not sent: nobody could look it up. */
function toExemplar(value: number, span: SpanContext): Exemplar | undefined {
  const { traceId, spanId, traceFlags } = span;
  const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  return isSampled ? { value, timeMs: Date.now(), traceId, spanId } : undefined;
}
