import type { TraceChange } from "../detector.ts";
import { callsNs, sumNs, unionNs } from "../facts/interval-union.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";

/**
 * What is assumed of the calls once they are changed. A merged call waits for a connection as long as the call that waited least,
 * takes as long as one of the calls and a share of what all of them took, for its rows; a call that is not repeated takes as long as it did, or as the longest of its repeats.
 * The gaps between the calls, and what wrapped them one by one, shrink to a share. Calls that are made at the same time
 * slow the longest of them down by a share of what the others take. What can be removed of a span goes by a share.
 */
export interface Assumption {
  readonly rowsShare: number;
  /** What the one call that is left of repeats takes: as it did, or as one of them. */
  readonly firstCall: "longest" | "first" | "shortest";
  /** The share of the calls that a merged one is not faster than: 0.5 the middle one, 0 the fastest. Of calls in turn … */
  readonly sequentialShare: number;
  /** … and of calls at once, which slow each other down. */
  readonly concurrentShare: number;
  readonly gapShare: number;
  readonly contentionShare: number;
  readonly spedUpShare: number;
  /** The same of a query that returns few rows: an index leads to them. */
  readonly foundShare: number;
  readonly waitShare: number;
}

/**
 * How long each changed span takes after the changes, nanoseconds: of several changes the one that saves most, so their
 * order does not matter. What starts together is left out: it depends on what else becomes of the calls.
 */
export function changedDurations(
  trace: TraceView,
  changes: readonly TraceChange[],
  assumption: Assumption,
): Map<SpanIndex, number> {
  const durations = new Map<SpanIndex, number>();
  for (const change of changes) {
    for (const [span, ns] of durationsOf(trace, change, assumption)) {
      durations.set(span, Math.min(ns, durations.get(span) ?? ns));
    }
  }
  return durations;
}

function durationsOf(
  trace: TraceView,
  change: TraceChange,
  assumption: Assumption,
): [SpanIndex, number][] {
  if (change.kind === "make-parallel") return [];
  if (change.kind === "speed-up") {
    return shortened(trace, change, (span) => spedUpShareOf(trace, span, assumption));
  }
  if (change.kind === "remove-wait") return shortened(trace, change, () => assumption.waitShare);
  return onceDurations(trace, change, assumption);
}

/** The call that is left stands where the first call stood; the others take no time. */
function onceDurations(
  trace: TraceView,
  change: TraceChange,
  assumption: Assumption,
): [SpanIndex, number][] {
  const once = onceNs(trace, change, assumption);
  return change.spans.map((span, i) => {
    const inner = trace.repeatDurationUnionNs[span]!;
    const gaps = inner > 0 ? Math.max(0, trace.end[span]! - trace.start[span]! - inner) : 0;
    return [span, gaps * assumption.gapShare + (i === 0 ? once : 0)];
  });
}

function shortened(
  trace: TraceView,
  { spans, removableNs }: TraceChange,
  shareOf: (span: SpanIndex) => number,
): [SpanIndex, number][] {
  return spans.map((span, i) => {
    const ns = trace.end[span]! - trace.start[span]!;
    return [span, Math.max(0, ns - shareOf(span) * Math.min(ns, removableNs?.[i] ?? ns))];
  });
}

/** Time beyond what a query needs to return so few rows went into finding them. */
const fewRowsMax = 100;

function spedUpShareOf(
  trace: TraceView,
  span: SpanIndex,
  { spedUpShare, foundShare }: Assumption,
): number {
  const rows = trace.returnedRows[span]!;
  return rows >= 0 && rows <= fewRowsMax ? foundShare : spedUpShare;
}

function onceNs(trace: TraceView, { kind, spans }: TraceChange, assumption: Assumption): number {
  if (kind === "drop-repeats") return firstNs(trace, spans, assumption);
  // Calls that ran at once may be over sooner than a merged call by our formula: then nothing is won.
  return Math.min(mergedNs(trace, spans, assumption), unionNs(trace, spans));
}

function firstNs(trace: TraceView, spans: readonly SpanIndex[], { firstCall }: Assumption): number {
  const calls = spans.map((span) => callsNs(trace, span) / trace.repeats[span]!);
  if (firstCall === "first") return calls[0]!;
  const pick = firstCall === "longest" ? Math.max : Math.min;
  return calls.reduce((picked, ns) => pick(picked, ns));
}

/** Calls of which so much of the time overlaps run at once. */
const concurrentUnionMax = 0.5;

function mergedNs(
  trace: TraceView,
  spans: readonly SpanIndex[],
  { rowsShare, sequentialShare, concurrentShare }: Assumption,
): number {
  const isConcurrent = unionNs(trace, spans) <= concurrentUnionMax * sumNs(trace, spans);
  const share = isConcurrent ? concurrentShare : sequentialShare;
  const workNs = spans.reduce((sum, span) => sum + ownNs(trace, span), 0);
  const leastWaitNs = spans.reduce((least, span) => Math.min(least, waitNs(trace, span)), Infinity);
  return leastWaitNs + callNsAt(trace, spans, share) + rowsShare * workNs;
}

/** Of one call: what it waited for a connection of the pool. */
function waitNs(trace: TraceView, span: SpanIndex): number {
  return Math.min(Math.max(0, trace.poolWaitNs[span]!), callsNs(trace, span));
}

function ownNs(trace: TraceView, span: SpanIndex): number {
  return callsNs(trace, span) - waitNs(trace, span);
}

/**
 * What a call takes that `share` of the calls don't exceed, without its wait for a connection. A summary span counts as
 * often as it stands for calls, each of their mean.
 */
function callNsAt(trace: TraceView, spans: readonly SpanIndex[], share: number): number {
  const calls = spans
    .map((span) => ({
      ns: ownNs(trace, span) / trace.repeats[span]!,
      repeats: trace.repeats[span]!,
    }))
    .sort((a, b) => a.ns - b.ns);
  let left = calls.reduce((sum, { repeats }) => sum + repeats, 0) * share;
  for (const { ns, repeats } of calls) {
    left -= repeats;
    if (left <= 0) return ns;
  }
  return 0;
}
