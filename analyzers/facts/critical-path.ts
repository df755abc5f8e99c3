import type { SpanIndex, TraceTree } from "../model/trace-view.ts";
import {
  type BlockingChild,
  type BlockingOptions,
  blockingChildren,
  overlapAllowanceNs,
} from "./blocking-children.ts";

/**
 * A stretch of time for which one span is to blame: had it been shorter, the root would have ended earlier. Times are
 * those of the root's clock.
 */
export interface CriticalSection {
  readonly span: SpanIndex;
  readonly start: number;
  readonly end: number;
  /** The span reaches beyond its parent, and only what lies within counts: it may not have been waited for. */
  readonly clamped: boolean;
  /** What was added to the span's own times, because its host's clock differs. Mostly 0. */
  readonly skewNs: number;
}

/**
 * The critical path of `root` (any span), by start. The sections never overlap and together are exactly the root's
 * duration.
 *
 *   GET /orders   |──────────────────────────────|
 *     auth          |────|
 *     SELECT             |──────|                        walked from the end: what ended last before
 *     HTTP               |───────────────|               this moment is what the parent waited for
 *   path          |G|auth|     HTTP      |  GET  |
 *
 * A call that runs beside the one on the path is not on it. O(n log n), no recursion.
 */
export function criticalPath(
  trace: TraceTree,
  root: SpanIndex = mainRoot(trace),
  options: BlockingOptions = {},
): CriticalSection[] {
  const sections: CriticalSection[] = [];
  const open: Visit[] = [
    { span: root, start: trace.start[root]!, end: trace.end[root]!, clamped: false, skewNs: 0 },
  ];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    walk(trace, visit, options, sections, open);
  }
  return sections.sort((a, b) => a.start - b.start);
}

/** The root that the trace is shown by: the first that names no parent, else the first orphan. */
function mainRoot(trace: TraceTree): SpanIndex {
  return trace.roots.find((root) => trace.parentSpanId[root] === "") ?? trace.roots[0]!;
}

/** A span and the part of it that is on the path. */
type Visit = CriticalSection;

function walk(
  trace: TraceTree,
  visit: Visit,
  options: BlockingOptions,
  sections: CriticalSection[],
  open: Visit[],
): void {
  const durationNs = trace.end[visit.span]! - trace.start[visit.span]!;
  const allowanceNs = overlapAllowanceNs(durationNs);
  const children = childrenWithin(trace, visit, options);
  let until = visit.end;
  for (let i = 0; i < children.length; i++) {
    let next = children[i]!;
    if (next.end > until + allowanceNs || next.start >= until) continue;
    // Of those that were still running, the one that was waited for longest explains most.
    while (next.end >= until && (children[i + 1]?.end ?? -Infinity) >= until) {
      i++;
      if (byStart(trace, children[i]!, next) < 0) next = children[i]!;
    }
    if (next.end < until) sections.push({ ...visit, start: next.end, end: until });
    const start = Math.max(next.start, visit.start);
    open.push({ ...next, start, end: Math.min(next.end, until) });
    until = start;
  }
  if (until > visit.start) sections.push({ ...visit, end: until });
}

type ChildWithin = BlockingChild & { readonly clamped: boolean };

/** Children that run during the visit, those that end last first; ends are cut at its end. */
function childrenWithin(trace: TraceTree, visit: Visit, options: BlockingOptions): ChildWithin[] {
  const parentStart = trace.start[visit.span]! + visit.skewNs;
  const parentEnd = trace.end[visit.span]! + visit.skewNs;
  return blockingChildren(trace, visit.span, visit.skewNs, options)
    .filter(({ start, end }) => end > start && end > visit.start && start < visit.end)
    .map((child) => ({
      ...child,
      end: Math.min(child.end, visit.end),
      clamped: child.start < parentStart || child.end > parentEnd,
    }))
    .sort((a, b) => b.end - a.end || byStart(trace, a, b));
}

function byStart(trace: TraceTree, a: BlockingChild, b: BlockingChild): number {
  return a.start - b.start || (trace.spanId[a.span]! < trace.spanId[b.span]! ? -1 : 1);
}
