import type { SpanIndex, TraceTree } from "../model/trace-view.ts";
import { type BlockingOptions, blockingChildren, overlapAllowanceNs } from "./blocking-children.ts";

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
  const whole = { start: trace.start[root]!, end: trace.end[root]!, clamped: false, skewNs: 0 };
  const open = [toVisit(trace, { span: root, ...whole }, options)];
  // From the last section to the first: what is below a span comes before what is left of the span itself.
  for (let visit = open.at(-1); visit !== undefined; visit = open.at(-1)) {
    const child = nextOnPath(trace, visit, sections);
    if (child === null) open.pop();
    else if (hasChildren(trace, child.span)) open.push(toVisit(trace, child, options));
    else if (child.end > child.start) sections.push(child);
  }
  return sections.reverse();
}

/** The root that the trace is shown by: the first that names no parent, else the first orphan. */
function mainRoot(trace: TraceTree): SpanIndex {
  const [first] = trace.roots;
  if (trace.orphans === 0) return first!;
  return trace.roots.find((root) => trace.parentSpanId[root] === "") ?? first!;
}

function hasChildren(trace: TraceTree, span: SpanIndex): boolean {
  return trace.childrenStart[span] !== trace.childrenStart[span + 1];
}

/** A span of which a part is on the path, walked from the end of that part. */
interface Visit {
  readonly part: CriticalSection;
  readonly allowanceNs: number;
  /** Those that end last first. */
  readonly children: readonly CriticalSection[];
  /** Of the children the next to be looked at, and from when on the path is known. */
  at: number;
  until: number;
}

function toVisit(trace: TraceTree, part: CriticalSection, options: BlockingOptions): Visit {
  return {
    part,
    allowanceNs: overlapAllowanceNs(trace.end[part.span]! - trace.start[part.span]!),
    children: childrenWithin(trace, part, options),
    at: 0,
    until: part.end,
  };
}

/** The part of the next child that the span waited for; adds what of the span itself lies behind it. null: no more. */
function nextOnPath(
  trace: TraceTree,
  visit: Visit,
  sections: CriticalSection[],
): CriticalSection | null {
  const { part, children, allowanceNs, until } = visit;
  while (visit.at < children.length && until > part.start) {
    let next = children[visit.at++]!;
    if (next.end > until + allowanceNs || next.start >= until) continue;
    // Of those that were still running, the one that was waited for longest explains most.
    while (next.end >= until && (children[visit.at]?.end ?? -Infinity) >= until) {
      const other = children[visit.at++]!;
      if (byStart(trace, other, next) < 0) next = other;
    }
    if (next.end < until) sections.push(cut(part, next.end, until));
    const start = Math.max(next.start, part.start);
    visit.until = start;
    return cut(next, start, Math.min(next.end, until));
  }
  if (until > part.start) sections.push(cut(part, part.start, until));
  visit.until = part.start;
  return null;
}

function cut({ span, clamped, skewNs }: CriticalSection, start: number, end: number) {
  return { span, start, end, clamped, skewNs };
}

/** Children that run during that part of their parent; ends are cut at its end. */
function childrenWithin(
  trace: TraceTree,
  part: CriticalSection,
  options: BlockingOptions,
): CriticalSection[] {
  const parentStart = trace.start[part.span]! + part.skewNs;
  const parentEnd = trace.end[part.span]! + part.skewNs;
  const within: CriticalSection[] = [];
  const children = blockingChildren(trace, part.span, part.skewNs, options);
  let isSorted = true;
  // They come by start: of calls one after the other, the last one ends last.
  for (let i = children.length - 1; i >= 0; i--) {
    const { span, start, end, skewNs } = children[i]!;
    if (end <= start || end <= part.start || start >= part.end) continue;
    const clamped = start < parentStart || end > parentEnd;
    const child = { span, start, end: Math.min(end, part.end), clamped, skewNs };
    isSorted &&= within.length === 0 || byEnd(trace, within.at(-1)!, child) <= 0;
    within.push(child);
  }
  return isSorted ? within : within.sort((a, b) => byEnd(trace, a, b));
}

/** What ends last first. */
function byEnd(trace: TraceTree, a: CriticalSection, b: CriticalSection): number {
  return b.end - a.end || byStart(trace, a, b);
}

function byStart(trace: TraceTree, a: CriticalSection, b: CriticalSection): number {
  return a.start - b.start || (trace.spanId[a.span]! < trace.spanId[b.span]! ? -1 : 1);
}
