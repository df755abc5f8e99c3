import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { criticalPath } from "./critical-path.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/**
 * Time of `root`'s critical path that the spans and all below them hold, nanoseconds. The path is walked once for a
 * root, whoever asks; a span below another of the list is counted once.
 */
export function criticalNs(trace: TraceView, root: SpanIndex, spans: readonly SpanIndex[]): number {
  const held = criticalNsOfSubtrees(trace, root);
  const wanted = new Set(spans);
  if (spans.length === 1) return held.get(spans[0]!) ?? 0;
  const isBelow = new Map<SpanIndex, boolean>();
  let sum = 0;
  for (const span of wanted) {
    if (!isBelowWanted(trace, span, wanted, isBelow)) sum += held.get(span) ?? 0;
  }
  return sum;
}

/** Roots of one trace whose paths are kept; a generated trace may have an endpoint in each span. */
const pathsMax = 8;

type HeldNs = ReadonlyMap<SpanIndex, number>;

const pathsOfTrace = oncePerTrace((): Map<SpanIndex, HeldNs> => new Map());

/** By span on the path or above one that is: what it and all below it hold. */
function criticalNsOfSubtrees(trace: TraceView, root: SpanIndex): HeldNs {
  const paths = pathsOfTrace(trace);
  const known = paths.get(root);
  if (known) return known;
  const held = new Map<SpanIndex, number>();
  const onPath = new Set<SpanIndex>();
  const add = (span: SpanIndex, ns: number) => held.set(span, (held.get(span) ?? 0) + ns);
  for (const { span, start, end } of criticalPath(trace, root)) {
    for (let at = span; at !== -1 && !onPath.has(at); at = trace.parent[at]!) {
      onPath.add(at);
    }
    add(span, end - start);
  }
  for (const span of deepestFirst(trace, onPath)) {
    if (trace.parent[span] !== -1) add(trace.parent[span]!, held.get(span) ?? 0);
  }
  if (paths.size === pathsMax) paths.clear();
  paths.set(root, held);
  return held;
}

function deepestFirst(trace: TraceView, spans: ReadonlySet<SpanIndex>): SpanIndex[] {
  const depthOf = new Map<SpanIndex, number>();
  for (const span of spans) {
    const missing: SpanIndex[] = [];
    let at = span;
    while (spans.has(at) && !depthOf.has(at)) {
      missing.push(at);
      at = trace.parent[at]!;
    }
    let depth = depthOf.get(at) ?? 0;
    for (const next of missing.reverse()) depthOf.set(next, ++depth);
  }
  return [...spans].sort((a, b) => depthOf.get(b)! - depthOf.get(a)!);
}

function isBelowWanted(
  trace: TraceView,
  span: SpanIndex,
  wanted: ReadonlySet<SpanIndex>,
  known: Map<SpanIndex, boolean>,
): boolean {
  const passed: SpanIndex[] = [];
  let found = false;
  for (let at = trace.parent[span]!; at !== -1; at = trace.parent[at]!) {
    if (known.has(at)) found = known.get(at)!;
    else passed.push(at);
    if (wanted.has(at)) found = true;
    if (found || known.has(at)) break;
  }
  for (const at of passed) known.set(at, found);
  return found;
}
