import type { TraceChange } from "../detector.ts";
import { type BlockingOptions, blockingChildren } from "../facts/blocking-children.ts";
import { childrenOf, type SpanIndex, type TraceView } from "../model/trace-view.ts";
import { assumptions, type Outlook } from "./assumption.ts";
import { changedDurations } from "./changed-durations.ts";
import { contentionOf, type Stretch } from "./contention.ts";
import { type IsIndependent, type RetimedChild, retimedDuration } from "./retimed-duration.ts";
import { summaryPieces } from "./summary-pieces.ts";

export interface SimulateOptions extends BlockingOptions {
  /** What other traces show of the order of calls; without it, all order is kept. */
  readonly isIndependent?: IsIndependent;
  /** 0 … 1, even over the traces of a sample: which of its calls this trace is left with; by default the middle one. */
  readonly draw?: number;
  /** How calls that start together slow each other down, as `contentionOf` a sample says; by default what this trace alone tells. */
  readonly stretches?: ReadonlyMap<SpanIndex, Stretch>;
}

/** The endpoint's duration after the change, nanoseconds: pessimistic >= expected >= optimistic. */
export type Simulated = Readonly<Record<Outlook, number>>;

/** Multiples of it, without their whole part, are even over 0 … 1 however many there are. */
export const goldenShare = (Math.sqrt(5) - 1) / 2;

/**
 * Replays a trace as if `changes` were made: spans keep their own time and start when what they waited for has ended. At
 * worst that is all that had ended before; else it leaves out what other traces show not to be waited for. Slower
 * than it was only where calls start together, and their server has too much to do at once.
 */
export function simulate(
  trace: TraceView,
  endpointSpan: SpanIndex,
  changes: readonly TraceChange[],
  options: SimulateOptions = {},
): Simulated {
  const order = spansBelow(trace, endpointSpan);
  const stretches = options.stretches ?? contentionOf([{ trace, changes }]).stretches[0]!;
  const { isIndependent: _, ...orderKept } = options;
  const after = (outlook: Outlook, learned: SimulateOptions) =>
    retime(trace, order, changes, outlook, { ...learned, stretches });
  const pessimistic = after("pessimistic", orderKept);
  const expected = Math.min(pessimistic, after("expected", options));
  const optimistic = Math.min(expected, after("optimistic", options));
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
  outlook: Outlook,
  options: SimulateOptions & Required<Pick<SimulateOptions, "stretches">>,
): number {
  const assumption = assumptions[outlook];
  const { replaced, removed } = changedDurations(trace, changes, assumption, toDraws(options.draw));
  const folded = foldedSpans(trace, order, changes);
  const parallel = parallelByParent(trace, changes);
  const after = new Float64Array(trace.size);
  for (const span of order.toReversed()) {
    const duration = lengthOf(trace, span);
    for (const together of parallel.get(span) ?? []) {
      startTogether(after, together, (call) => options.stretches.get(call)?.[outlook] ?? 1);
    }
    const children = blockingChildren(trace, span, -trace.start[span]!, options).flatMap((child) =>
      inPieces(trace, {
        ...child,
        durationAfter: after[child.span]!,
        // A folded parent shrinks as a whole, with the gaps that it holds.
        gapShare: folded[child.span] && !folded[span] ? assumption.gapShare : 1,
      }),
    );
    const retimed = retimedDuration(duration, children, options.isIndependent);
    const own = replaced.get(span);
    // A changed call gets shorter still by what is changed below it.
    if (own !== undefined) after[span] = duration > 0 ? own * Math.min(1, retimed / duration) : own;
    else after[span] = retimed * (folded[span] ? assumption.gapShare : 1);
    const lost = removed.get(span);
    if (lost !== undefined) after[span] = Math.max(0, Math.min(after[span]!, retimed - lost));
  }
  const root = order[0]!;
  const before = trace.end[root]! - trace.start[root]!;
  return options.stretches.size > 0 ? after[root]! : Math.min(after[root]!, before);
}

/** Without what lies between its pieces, where a summary span has several. */
function lengthOf(trace: TraceView, span: SpanIndex): number {
  const pieces = summaryPieces(trace).get(span);
  if (!pieces) return trace.end[span]! - trace.start[span]!;
  return pieces.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Each piece of a summary span waits for what came before it, and takes its share of what becomes of them all. */
function inPieces(trace: TraceView, child: RetimedChild): RetimedChild[] {
  const pieces = summaryPieces(trace).get(child.span);
  if (!pieces) return [child];
  const lengthNs = lengthOf(trace, child.span);
  const offset = child.start - trace.start[child.span]!;
  return pieces.map(({ start, end }) => ({
    ...child,
    start: start + offset,
    end: end + offset,
    durationAfter: (child.durationAfter * (end - start)) / lengthNs,
  }));
}

/** Each change has a draw of its own, or what is slow by chance would be slow together. */
function toDraws(draw: number | undefined): (change: TraceChange) => number {
  return ({ spans }) => (draw === undefined ? 0.5 : (draw + spans[0]! * goldenShare) % 1);
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

/** They end when the last of them does; what lies between them stays. */
function startTogether(
  after: Float64Array,
  spans: readonly SpanIndex[],
  stretchOf: (span: SpanIndex) => number,
): void {
  const longest = spans.reduce((most, span) => (after[span]! > after[most]! ? span : most));
  const last = spans.reduce((most, span) => Math.max(most, after[span]! * stretchOf(span)), 0);
  for (const span of spans) after[span] = span === longest ? last : 0;
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
