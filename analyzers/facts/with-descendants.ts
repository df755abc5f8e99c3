import { childrenOf, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/** The spans and all below them: what a call to another service does there is part of the call. */
export function withDescendants(
  trace: TraceView,
  spans: readonly SpanIndex[],
): ReadonlySet<SpanIndex> {
  const found = new Set(spans);
  // A set is walked in order of insertion, with what is added on the way.
  for (const span of found) for (const child of childrenOf(trace, span)) found.add(child);
  return found;
}
