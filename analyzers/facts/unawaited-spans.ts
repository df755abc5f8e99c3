import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { overlapAllowanceNs } from "./blocking-children.ts";

/** A child that nobody waits for outlives its parent in at least so many traces, and so large a share of them. */
const tracesMin = 20;
const outlivedShareMin = 0.05;

/**
 * Learns, over an endpoint's traces, which spans run without being waited for: a parent that waits can't end before its
 * child does. One trace alone can't tell such a child from a callback that ends its span late.
 *
 *   GET /orders    |──────────|            |──────────|
 *     audit               |────────|            |─|          outlives its parent in one trace of twenty or more
 *
 * Only of one process, for clocks of two hosts differ.
 */
export function learnUnawaited(
  traces: readonly TraceView[],
): (trace: TraceView, span: SpanIndex) => boolean {
  const seen = new Map<string, { traces: number; outlived: number }>();
  for (const trace of traces) {
    for (const [key, outlived] of outlivedByKey(trace)) {
      const count = seen.get(key) ?? { traces: 0, outlived: 0 };
      count.traces++;
      if (outlived) count.outlived++;
      seen.set(key, count);
    }
  }
  const unawaited = new Set<string>();
  for (const [key, { traces: among, outlived }] of seen) {
    if (among >= tracesMin && outlived >= among * outlivedShareMin) unawaited.add(key);
  }
  return (trace, span) => {
    if (unawaited.size === 0) return false;
    const key = keyOf(trace, span);
    return key !== null && unawaited.has(key);
  };
}

/** Whether any span of that key outlives its parent in this trace. */
function outlivedByKey(trace: TraceView): ReadonlyMap<string, boolean> {
  const outlivedOf = new Map<string, boolean>();
  for (let span = 0; span < trace.size; span++) {
    const key = keyOf(trace, span);
    if (key !== null) outlivedOf.set(key, outlivedOf.get(key) || outlives(trace, span));
  }
  return outlivedOf;
}

function outlives(trace: TraceView, span: SpanIndex): boolean {
  const parent = trace.parent[span]!;
  const durationNs = trace.end[parent]! - trace.start[parent]!;
  return trace.end[span]! > trace.end[parent]! + overlapAllowanceNs(durationNs);
}

/** What the span is, and below what; null: a root, or of another process than its parent. */
function keyOf(trace: TraceView, span: SpanIndex): string | null {
  const parent = trace.parent[span]!;
  if (parent === -1 || trace.resourceId[span] !== trace.resourceId[parent]) return null;
  return `${trace.service[span]}\n${trace.name[parent]}\n${trace.name[span]}\n${trace.shapeId[span]}`;
}
