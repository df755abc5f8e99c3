/** A trace as a page shows it: parallel arrays, spans in order of the waterfall (depth first, siblings by start). */
export interface WaterfallView {
  readonly traceId: string;
  /** Milliseconds since 1970; all other times are nanoseconds since then. */
  readonly startAt: number;
  readonly durationNs: number;
  readonly spanId: readonly string[];
  /** Index of the parent in these arrays; -1: a root. */
  readonly parent: readonly number[];
  readonly depth: readonly number[];
  readonly startNs: readonly number[];
  readonly durationNsOf: readonly number[];
  readonly service: readonly string[];
  /** What is called, for a call ("SELECT products", "GET /products/{id}"); else the span's name. */
  readonly name: readonly string[];
  /** OTLP SpanKind. */
  /** OTLP SpanKind. */
  readonly kind: readonly number[];
  readonly hasError: readonly boolean[];
  /** Calls that the span stands for. */
  readonly repeats: readonly number[];
  /** The critical path, by start; the sections together last as long as the root. */
  readonly criticalPath: readonly CriticalSectionView[];
  readonly truncated: boolean;
}

/** A part of a span's bar that is on the critical path. */
export interface CriticalSectionView {
  /** Index of the span in the arrays. */
  readonly span: number;
  readonly startNs: number;
  readonly endNs: number;
}
