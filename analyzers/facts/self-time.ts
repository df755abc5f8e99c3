import { childrenOf, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/** Time of the span in which none of its children ran: its own work, or what is not instrumented. Nanoseconds. */
export function selfNs(trace: TraceView, span: SpanIndex): number {
  return idleStretches(trace, span).reduce((sum, { start, end }) => sum + end - start, 0);
}

/** A part of a span in which none of its children ran. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** By start; parts of children outside of the span don't count. */
export function idleStretches(trace: TraceView, span: SpanIndex): Stretch[] {
  const stretches: Stretch[] = [];
  const end = trace.end[span]!;
  let until = trace.start[span]!;
  for (const child of childrenOf(trace, span)) {
    const start = Math.min(end, trace.start[child]!);
    if (start > until) stretches.push({ start: until, end: start });
    until = Math.max(until, Math.min(end, trace.end[child]!));
  }
  if (end > until) stretches.push({ start: until, end });
  return stretches;
}
