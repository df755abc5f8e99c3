import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { criticalPath } from "./critical-path.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { topDown } from "./top-down.ts";

/**
 * Time of `root`'s critical path that the spans and all below them hold, nanoseconds. The path is walked once for a
 * root, whoever asks; a span below another of the list is counted once.
 */
export function criticalNs(trace: TraceView, root: SpanIndex, spans: readonly SpanIndex[]): number {
  const held = criticalNsOfSubtrees(trace, root);
  if (spans.length === 1) return held.get(spans[0]!) ?? 0;
  const wanted = new Set(spans);
  const isBelow = new Map<SpanIndex, boolean>();
  const mayBeBelow = spans.some((span) => hasChildren(trace, span));
  let sum = 0;
  for (const span of wanted) {
    if (mayBeBelow && isBelowWanted(trace, span, wanted, isBelow)) continue;
    sum += held.get(span) ?? 0;
  }
  return sum;
}

function hasChildren({ childrenStart }: TraceView, span: SpanIndex): boolean {
  return childrenStart[span] !== childrenStart[span + 1];
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
  for (const { span, start, end } of criticalPath(trace, root)) {
    // Those above are there too, with nothing of their own yet.
    for (let at = span; at !== -1 && !held.has(at); at = trace.parent[at]!) held.set(at, 0);
    held.set(span, held.get(span)! + end - start);
  }
  const places = placesTopDown(trace);
  const deepestFirst = [...held.keys()].sort((a, b) => places[b]! - places[a]!);
  for (const span of deepestFirst) {
    const parent = trace.parent[span]!;
    if (parent !== -1) held.set(parent, held.get(parent)! + held.get(span)!);
  }
  if (paths.size === pathsMax) paths.clear();
  paths.set(root, held);
  return held;
}

/** Where each span is in `topDown`: behind all that are above it. */
const placesTopDown = oncePerTrace((trace): Int32Array => {
  const order = topDown(trace);
  const places = new Int32Array(trace.size);
  for (let place = 0; place < order.length; place++) places[order[place]!] = place;
  return places;
});

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
