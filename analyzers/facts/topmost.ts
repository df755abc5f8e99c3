import type { SpanIndex, TraceView } from "../model/trace-view.ts";

/** For each of the spans the topmost one of them that is it or above it. Each span of the trace is passed once. */
export function topmostOf(
  trace: TraceView,
  spans: ReadonlySet<SpanIndex>,
): ReadonlyMap<SpanIndex, SpanIndex> {
  // -1: none of them at or above.
  const known = new Map<SpanIndex, SpanIndex>();
  for (const span of spans) {
    const passed: SpanIndex[] = [];
    let at = span;
    while (at !== -1 && !known.has(at)) {
      passed.push(at);
      at = trace.parent[at]!;
    }
    let top = at === -1 ? -1 : known.get(at)!;
    for (const below of passed.reverse()) {
      if (top === -1 && spans.has(below)) top = below;
      known.set(below, top);
    }
  }
  return known;
}
