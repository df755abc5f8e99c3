import { type BlockingChild, overlapAllowanceNs } from "../facts/blocking-children.ts";
import type { SpanIndex } from "../model/trace-view.ts";

/** A child with its times relative to its parent's start, and what becomes of it. */
export interface RetimedChild extends BlockingChild {
  readonly durationAfter: number;
  /** What is left of the gap before it. */
  readonly gapShare: number;
}

/** Whether `later` was seen, in some trace, to begin before the end of `earlier`: it does not wait for it. */
export type IsIndependent = (earlier: SpanIndex, later: SpanIndex) => boolean;

/** The order of more children is kept as it was: pairs grow with the square. */
const pairedChildrenMax = 64;

/**
 * How long a parent takes once its children take `durationAfter`. A child starts when all that had ended before it,
 * and that it may need, have ended, after the same gap; the parent ends after its last child, with the same tail.
 *
 *   before   |··|─a─|·|──b──|···|      a: 3 -> 1
 *   after    |··|a|·|──b──|···|
 */
export function retimedDuration(
  durationNs: number,
  children: readonly RetimedChild[],
  isIndependent?: IsIndependent,
): number {
  const allowanceNs = overlapAllowanceNs(durationNs);
  const isPaired = isIndependent !== undefined && children.length <= pairedChildrenMax;
  const ended: Ended[] = [];
  // The latest end so far, and what it has become, of the children that a new one has waited for; and of all.
  let waited = { end: 0, after: 0 };
  let last = { end: 0, after: 0 };
  const ends = new Map<RetimedChild, number>();
  for (const { child, isEnd } of inOrder(durationNs, allowanceNs, children)) {
    const start = Math.max(0, child.start);
    const end = Math.min(durationNs, child.end);
    if (isEnd) {
      const after = ends.get(child)!;
      waited = { end: Math.max(waited.end, end), after: Math.max(waited.after, after) };
      if (isPaired) ended.push({ span: child.span, end, after });
      continue;
    }
    if (isPaired) waited = latestOf(ended, (span) => !isIndependent(span, child.span));
    const gap = start - waited.end;
    const startAfter = waited.after + (gap > 0 ? gap * child.gapShare : gap);
    // What a child does beyond its parent's end was not waited for, and can't be won.
    const isCut = end - start < child.end - child.start;
    const length = isCut ? Math.min(end - start, child.durationAfter) : child.durationAfter;
    const endAfter = Math.max(0, startAfter) + length;
    ends.set(child, endAfter);
    last = { end: Math.max(last.end, end), after: Math.max(last.after, endAfter) };
  }
  return last.after + durationNs - last.end;
}

interface Ended {
  readonly span: SpanIndex;
  readonly end: number;
  readonly after: number;
}

function latestOf(ended: readonly Ended[], isNeeded: (span: SpanIndex) => boolean) {
  const latest = { end: 0, after: 0 };
  for (const { span, end, after } of ended) {
    if (!isNeeded(span)) continue;
    latest.end = Math.max(latest.end, end);
    latest.after = Math.max(latest.after, after);
  }
  return latest;
}

interface Edge {
  readonly child: RetimedChild;
  readonly isEnd: boolean;
  readonly at: number;
  readonly rank: number;
}

/**
 * Starts and ends in order of time. An end counts before a start that is as late, and up to the allowance before
 * its time; but a child never ends before it starts.
 */
function inOrder(
  durationNs: number,
  allowanceNs: number,
  children: readonly RetimedChild[],
): Edge[] {
  const edges: Edge[] = [];
  for (const child of children) {
    if (child.start >= durationNs || child.end <= 0) continue;
    const endsAt = child.end - allowanceNs;
    const isShort = endsAt <= child.start;
    edges.push({ child, isEnd: false, at: child.start, rank: 1 });
    edges.push({ child, isEnd: true, at: Math.max(endsAt, child.start), rank: isShort ? 2 : 0 });
  }
  return edges.sort((a, b) => a.at - b.at || a.rank - b.rank);
}
