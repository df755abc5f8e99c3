import type { SpanIndex, TraceView } from "../model/trace-view.ts";

/**
 * The children of the spans' nearest common ancestor under which the spans lie, each once, by start: what would have to
 * start together so that the spans do. The spans themselves where they are siblings.
 */
export function branchesOf(trace: TraceView, spans: readonly SpanIndex[]): SpanIndex[] {
  const paths = spans.map((span) => pathTo(trace, span));
  const shortest = paths.reduce((min, path) => Math.min(min, path.length), Infinity);
  let common = 0;
  while (common < shortest - 1 && paths.every((path) => path[common] === paths[0]![common])) {
    common++;
  }
  return [...new Set(paths.map((path) => path[common]!))].sort((a, b) => a - b);
}

/** From the root down to the span itself. */
function pathTo(trace: TraceView, span: SpanIndex): SpanIndex[] {
  const path: SpanIndex[] = [];
  for (let at = span; at !== -1; at = trace.parent[at]!) path.push(at);
  return path.reverse();
}
