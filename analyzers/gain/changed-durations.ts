import type { TraceChange } from "../detector.ts";
import { callsNs, sumNs, unionNs } from "../facts/interval-union.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import type { Assumption } from "./assumption.ts";
import { summaryPieces } from "./summary-pieces.ts";

/** What becomes of each span that is changed itself, nanoseconds. */
export interface ChangedDurations {
  /** It takes so long, with all that is below it. */
  readonly replaced: ReadonlyMap<SpanIndex, number>;
  /** It loses so much of its own time, whatever becomes of what is below it. */
  readonly removed: ReadonlyMap<SpanIndex, number>;
}

/**
 * What the changes do to single spans: of several to one span the one that saves most, so their order does not matter.
 * What starts together is left out: it depends on what else becomes of the calls. `drawOf` a change is a number
 * from 0 to 1, the chance by which the merged call is one of the faster or slower ones.
 */
export function changedDurations(
  trace: TraceView,
  changes: readonly TraceChange[],
  assumption: Assumption,
  drawOf: (change: TraceChange) => number,
): ChangedDurations {
  const replaced = new Map<SpanIndex, number>();
  const removed = new Map<SpanIndex, number>();
  for (const change of changes) {
    for (const [span, ns] of replacedBy(trace, change, assumption, drawOf)) {
      replaced.set(span, Math.min(ns, replaced.get(span) ?? ns));
    }
    for (const [i, removableNs] of change.removableNs?.entries() ?? []) {
      const span = change.spans[i]!;
      const ns = Math.min(removableNs, trace.end[span]! - trace.start[span]!);
      const lost = removedShareOf(trace, span, change, assumption) * ns;
      removed.set(span, Math.max(lost, removed.get(span) ?? 0));
    }
  }
  return { replaced, removed };
}

function replacedBy(
  trace: TraceView,
  change: TraceChange,
  assumption: Assumption,
  drawOf: (change: TraceChange) => number,
): [SpanIndex, number][] {
  const { kind, spans, removableNs } = change;
  if (kind === "make-parallel" || removableNs !== undefined) return [];
  if (kind === "merge-calls" || kind === "drop-repeats") {
    const once = onceNs(trace, change, assumption, drawOf(change));
    return onceDurations(trace, change, once, assumption);
  }
  return spans.map((span) => {
    const leftShare = 1 - removedShareOf(trace, span, change, assumption);
    return [span, leftShare * (trace.end[span]! - trace.start[span]!)];
  });
}

/** The call that is left stands where the first call stood; the others take no time. */
function onceDurations(
  trace: TraceView,
  change: TraceChange,
  once: number,
  assumption: Assumption,
): [SpanIndex, number][] {
  return change.spans.map((span, i) => {
    const inner = trace.repeatDurationUnionNs[span]!;
    // What lies between pieces is no longer inside of the span.
    const isWhole = inner > 0 && !summaryPieces(trace).has(span);
    const gaps = isWhole ? Math.max(0, trace.end[span]! - trace.start[span]! - inner) : 0;
    return [span, gaps * assumption.gapShare + (i === 0 ? once : 0)];
  });
}

/** Time beyond what a query needs to return so few rows went into finding them. */
const fewRowsMax = 100;

function removedShareOf(
  trace: TraceView,
  span: SpanIndex,
  { kind, leftShare = 0 }: TraceChange,
  assumption: Assumption,
): number {
  if (kind === "remove-wait") return assumption.waitShare;
  if (kind === "hold-shorter") return 1 - assumption.heldLeft(leftShare);
  if (kind === "read-page") {
    const share = 1 - leftShare * assumption.pageShare;
    return trace.dbSystemName[span] ? Math.min(share, assumption.pagedShareMax) : share;
  }
  const rows = trace.returnedRows[span]!;
  return rows >= 0 && rows <= fewRowsMax ? assumption.foundShare : assumption.spedUpShare;
}

function onceNs(
  trace: TraceView,
  { kind, spans }: TraceChange,
  assumption: Assumption,
  draw: number,
): number {
  // The first call is made as it was.
  if (kind === "drop-repeats") return callsNs(trace, spans[0]!) / trace.repeats[spans[0]!]!;
  // Calls that ran at once may be over sooner than a merged call by our formula: then nothing is won.
  return Math.min(mergedNs(trace, spans, assumption, draw), unionNs(trace, spans));
}

/** Calls of which so much of the time overlaps run at once. */
const concurrentUnionMax = 0.5;

/**
 * The merged call is any one of the calls: their middle would never be slow, and a single call sometimes is. Those at
 * once slow each other down, so that the merged one is like a faster one of them.
 */
function mergedNs(
  trace: TraceView,
  spans: readonly SpanIndex[],
  assumption: Assumption,
  draw: number,
): number {
  const isConcurrent = unionNs(trace, spans) <= concurrentUnionMax * sumNs(trace, spans);
  const share = isConcurrent ? assumption.concurrentShare : assumption.sequentialShare;
  const once = callNsAt(trace, spans, share * draw);
  const workNs = spans.reduce((sum, span) => sum + ownNs(trace, span), 0);
  const leastWaitNs = spans.reduce((least, span) => Math.min(least, waitNs(trace, span)), Infinity);
  const ownShare = Math.min(1, once / Math.max(1, workNs));
  const waitShare = Math.max(ownShare, assumption.sharedWaitShare);
  return leastWaitNs * waitShare + once + ofRowsNs(trace, spans, workNs, assumption);
}

/** Queries of so many rows tell what a row costs, and not only what a query does. */
const tellingRowsMin = 5;

/**
 * What the rows of all calls cost the merged one: no more than as many rows of the cheapest other query of this request, or,
 * where none tells, a share of what the calls took.
 */
function ofRowsNs(
  trace: TraceView,
  spans: readonly SpanIndex[],
  workNs: number,
  { rowsFactor, rowsShareMin, rowsShare }: Assumption,
): number {
  const rows = spans.reduce(
    (sum, span) => sum + Math.max(trace.repeats[span]!, trace.returnedRows[span]!),
    0,
  );
  let rowNs = Infinity;
  for (let span = 0; span < trace.size; span++) {
    // Of a summary span each call: many calls of a row each say nothing of what a row costs.
    const returned = trace.returnedRows[span]! / trace.repeats[span]!;
    if (returned < tellingRowsMin || trace.dbSystemName[span] !== trace.dbSystemName[spans[0]!]) {
      continue;
    }
    rowNs = Math.min(rowNs, ownNs(trace, span) / trace.returnedRows[span]!);
  }
  if (rowNs === Infinity) return rowsShare * workNs;
  return Math.max(rowsShareMin * workNs, rows * rowNs * rowsFactor);
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
