import type { SpanIndex, TraceView } from "../model/trace-view.ts";

/**
 * Time in which at least one of the spans ran. `spans` in order of start. A summary span adds the union that the
 * agent computed for the calls it stands for.
 */
export function unionNs(trace: TraceView, spans: readonly SpanIndex[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const span of spans) {
    const summaryNs = trace.repeatDurationUnionNs[span]!;
    if (summaryNs > 0) {
      sum += summaryNs;
      continue;
    }
    const [start, end] = [trace.start[span]!, trace.end[span]!];
    sum += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return sum;
}

/** Σ of the durations of all calls that the spans stand for. */
export function sumNs(trace: TraceView, spans: readonly SpanIndex[]): number {
  return spans.reduce((sum, span) => sum + callsNs(trace, span), 0);
}

/** Σ of the durations of the calls that one span stands for. */
export function callsNs(trace: TraceView, span: SpanIndex): number {
  return trace.repeatDurationSumNs[span]! || trace.end[span]! - trace.start[span]!;
}
