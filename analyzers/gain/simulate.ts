import type { TraceChange } from "../detector.ts";
import { blockingChildren } from "../facts/blocking-children.ts";
import { callsNs, sumNs, unionNs } from "../facts/interval-union.ts";
import { childrenOf, type SpanIndex, type TraceView } from "../model/trace-view.ts";
import { type RetimedChild, retimedDuration } from "./retimed-duration.ts";

/** The endpoint's duration after the change, nanoseconds: pessimistic >= expected >= optimistic. */
export interface Simulated {
  readonly pessimistic: number;
  readonly expected: number;
  readonly optimistic: number;
}

/**
 * What is assumed of the one call that is left. A merged call takes as long as one of the calls and a share of what all
 * of them took, for its rows; a call that is not repeated takes as long as it did, or as the longest of its repeats.
 * The gaps between the calls, and what wrapped them one by one, shrink to a share.
 */
interface Assumption {
  readonly rowsShare: number;
  readonly isLongest: boolean;
  readonly gapShare: number;
}

const assumptions = {
  pessimistic: { rowsShare: 0.1, isLongest: true, gapShare: 1 },
  expected: { rowsShare: 0.05, isLongest: false, gapShare: 0.5 },
  optimistic: { rowsShare: 0, isLongest: false, gapShare: 0 },
} as const satisfies Record<keyof Simulated, Assumption>;

/**
 * Replays a trace as if `changes` were made: spans keep their own time and their order, and start when what they
 * waited for has ended. Never slower than it was.
 */
export function simulate(
  trace: TraceView,
  endpointSpan: SpanIndex,
  changes: readonly TraceChange[],
): Simulated {
  const order = spansBelow(trace, endpointSpan);
  const pessimistic = retime(trace, order, changes, assumptions.pessimistic);
  const expected = Math.min(pessimistic, retime(trace, order, changes, assumptions.expected));
  const optimistic = Math.min(expected, retime(trace, order, changes, assumptions.optimistic));
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
): number {
  const merged = mergedDurations(trace, changes, assumption);
  const folded = foldedSpans(trace, order, changes);
  const after = new Float64Array(trace.size);
  for (const span of order.toReversed()) {
    const duration = trace.end[span]! - trace.start[span]!;
    const own = merged.get(span);
    if (own !== undefined) {
      after[span] = own;
      continue;
    }
    const children = blockingChildren(trace, span, -trace.start[span]!, {}).map(
      (child): RetimedChild => ({
        ...child,
        durationAfter: after[child.span]!,
        // A folded parent shrinks as a whole, with the gaps that it holds.
        gapShare: folded[child.span] && !folded[span] ? assumption.gapShare : 1,
      }),
    );
    after[span] = retimedDuration(duration, children) * (folded[span] ? assumption.gapShare : 1);
  }
  const root = order[0]!;
  return Math.min(after[root]!, trace.end[root]! - trace.start[root]!);
}

/** The call that is left stands where the first call stood; the others take no time. */
function mergedDurations(
  trace: TraceView,
  changes: readonly TraceChange[],
  assumption: Assumption,
): Map<SpanIndex, number> {
  const durations = new Map<SpanIndex, number>();
  for (const change of changes) {
    const once = onceNs(trace, change, assumption);
    for (const [i, span] of change.spans.entries()) {
      const inner = trace.repeatDurationUnionNs[span]!;
      const gaps = inner > 0 ? Math.max(0, trace.end[span]! - trace.start[span]! - inner) : 0;
      durations.set(span, gaps * assumption.gapShare + (i === 0 ? once : 0));
    }
  }
  return durations;
}

function onceNs(
  trace: TraceView,
  { kind, spans }: TraceChange,
  { rowsShare, isLongest }: Assumption,
): number {
  if (kind === "drop-repeats") {
    return (isLongest ? spans : spans.slice(0, 1)).reduce(
      (longest, span) => Math.max(longest, callsNs(trace, span) / trace.repeats[span]!),
      0,
    );
  }
  // Calls that ran at once may be over sooner than a merged call by our formula: then nothing is won.
  return Math.min(
    medianCallNs(trace, spans) + rowsShare * sumNs(trace, spans),
    unionNs(trace, spans),
  );
}

/** A summary span counts as often as it stands for calls, each of their mean. */
function medianCallNs(trace: TraceView, spans: readonly SpanIndex[]): number {
  const calls = spans
    .map((span) => ({
      ns: callsNs(trace, span) / trace.repeats[span]!,
      repeats: trace.repeats[span]!,
    }))
    .sort((a, b) => a.ns - b.ns);
  let left = calls.reduce((sum, { repeats }) => sum + repeats, 0) / 2;
  for (const { ns, repeats } of calls) {
    left -= repeats;
    if (left <= 0) return ns;
  }
  return 0;
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
  const merged = new Set(changes.flatMap(({ spans }) => spans));
  const first = new Set(changes.map(({ spans }) => spans[0]));
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
