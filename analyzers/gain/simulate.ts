import type { TraceChange } from "../detector.ts";
import { type BlockingOptions, blockingChildren } from "../facts/blocking-children.ts";
import { childrenOf, type SpanIndex, type TraceView } from "../model/trace-view.ts";
import { type Assumption, changedDurations } from "./changed-durations.ts";
import { type IsIndependent, type RetimedChild, retimedDuration } from "./retimed-duration.ts";

export interface SimulateOptions extends BlockingOptions {
  /** What other traces show of the order of calls; without it, all order is kept. */
  readonly isIndependent?: IsIndependent;
}

/** The endpoint's duration after the change, nanoseconds: pessimistic >= expected >= optimistic. */
export interface Simulated {
  readonly pessimistic: number;
  readonly expected: number;
  readonly optimistic: number;
}

const assumptions = {
  pessimistic: {
    rowsShare: 0.1,
    firstCall: "longest",
    sequentialShare: 0.5,
    concurrentShare: 0.5,
    gapShare: 1,
    contentionShare: 0.5,
    spedUpShare: 0.5,
    foundShare: 0.8,
    waitShare: 0.5,
  },
  expected: {
    rowsShare: 0.02,
    firstCall: "first",
    sequentialShare: 0.5,
    concurrentShare: 0,
    gapShare: 0.1,
    contentionShare: 0.1,
    spedUpShare: 0.8,
    foundShare: 0.95,
    waitShare: 0.9,
  },
  optimistic: {
    rowsShare: 0,
    firstCall: "shortest",
    sequentialShare: 0,
    concurrentShare: 0,
    gapShare: 0,
    contentionShare: 0,
    spedUpShare: 0.95,
    foundShare: 1,
    waitShare: 1,
  },
} as const satisfies Record<keyof Simulated, Assumption>;

/**
 * Replays a trace as if `changes` were made: spans keep their own time and start when what they waited for has ended. At
 * worst that is all that had ended before; else it leaves out what other traces show not to be waited for. Never
 * slower than it was.
 */
export function simulate(
  trace: TraceView,
  endpointSpan: SpanIndex,
  changes: readonly TraceChange[],
  options: SimulateOptions = {},
): Simulated {
  const order = spansBelow(trace, endpointSpan);
  const { isIndependent: _, ...orderKept } = options;
  const after = (assumption: Assumption, learned: SimulateOptions) =>
    retime(trace, order, changes, assumption, learned);
  const pessimistic = after(assumptions.pessimistic, orderKept);
  const expected = Math.min(pessimistic, after(assumptions.expected, options));
  const optimistic = Math.min(expected, after(assumptions.optimistic, options));
  return { pessimistic, expected, optimistic };
}

/** The span and all below it, parents first. */
function spansBelow(trace: TraceView, root: SpanIndex): SpanIndex[] {
  const order = [root];
  for (let i = 0; i < order.length; i++) {
    for (const child of childrenOf(trace, order[i]!)) order.push(child);
  }
  return order;
}

function retime(
  trace: TraceView,
  order: readonly SpanIndex[],
  changes: readonly TraceChange[],
  assumption: Assumption,
  options: SimulateOptions,
): number {
  const changed = changedDurations(trace, changes, assumption);
  const folded = foldedSpans(trace, order, changes);
  const parallel = parallelByParent(trace, changes);
  const after = new Float64Array(trace.size);
  for (const span of order.toReversed()) {
    const duration = trace.end[span]! - trace.start[span]!;
    for (const together of parallel.get(span) ?? []) startTogether(after, together, assumption);
    const children = blockingChildren(trace, span, -trace.start[span]!, options).map(
      (child): RetimedChild => ({
        ...child,
        durationAfter: after[child.span]!,
        // A folded parent shrinks as a whole, with the gaps that it holds.
        gapShare: folded[child.span] && !folded[span] ? assumption.gapShare : 1,
      }),
    );
    const retimed = retimedDuration(duration, children, options.isIndependent);
    const own = changed.get(span);
    // A changed call gets shorter still by what is changed below it.
    if (own !== undefined) after[span] = duration > 0 ? own * Math.min(1, retimed / duration) : own;
    else after[span] = retimed * (folded[span] ? assumption.gapShare : 1);
  }
  const root = order[0]!;
  return Math.min(after[root]!, trace.end[root]! - trace.start[root]!);
}

/** The spans that start together are branches of one parent. */
function parallelByParent(
  trace: TraceView,
  changes: readonly TraceChange[],
): Map<SpanIndex, (readonly SpanIndex[])[]> {
  const groups = new Map<SpanIndex, (readonly SpanIndex[])[]>();
  for (const { kind, spans } of changes) {
    if (kind !== "make-parallel") continue;
    const parent = trace.parent[spans[0]!]!;
    groups.set(parent, [...(groups.get(parent) ?? []), spans]);
  }
  return groups;
}

/** The longest takes its time, and what the others do at the same time slows it down; what lies between them stays. */
function startTogether(
  after: Float64Array,
  spans: readonly SpanIndex[],
  { contentionShare }: Assumption,
): void {
  const longest = spans.reduce((most, span) => (after[span]! > after[most]! ? span : most));
  const sum = spans.reduce((all, span) => all + after[span]!, 0);
  const together = after[longest]! + contentionShare * (sum - after[longest]!);
  for (const span of spans) after[span] = span === longest ? together : 0;
}

/**
 * Calls other than the first, and the spans that hold nothing else (a pool's checkout, an ORM's span, a
 * resolver): they are gone once the calls are one.
 */
function foldedSpans(
  trace: TraceView,
  order: readonly SpanIndex[],
  changes: readonly TraceChange[],
): Uint8Array {
  const folding = changes.filter(({ kind }) => kind === "merge-calls" || kind === "drop-repeats");
  const merged = new Set(folding.flatMap(({ spans }) => spans));
  const first = new Set(folding.map(({ spans }) => spans[0]));
  const folded = new Uint8Array(trace.size);
  for (const span of order.toReversed()) {
    const children = childrenOf(trace, span);
    const isFolded = merged.has(span)
      ? !first.has(span)
      : children.length > 0 && children.every((child) => folded[child] === 1);
    if (isFolded) folded[span] = 1;
  }
  return folded;
}
