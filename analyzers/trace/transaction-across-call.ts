import {
  defineTraceDetector,
  type GuardId,
  type Observation,
  type TraceChange,
} from "../detector.ts";
import { requestGuardOf } from "../facts/call-guards.ts";
import { callKindOf, callLabel } from "../facts/call-template.ts";
import { callsOfTrace } from "../facts/calls-of-trace.ts";
import { connectionWaits } from "../facts/connection-waits.ts";
import { durationText } from "../facts/duration-text.ts";
import {
  endpointIdentity,
  endpointLabel,
  endpointOf,
  endpointSpanOf,
} from "../facts/endpoint-span.ts";
import { blockedNs } from "../facts/event-loop-blocks.ts";
import { sumNs, unionNs } from "../facts/interval-union.ts";
import { countRepeats } from "../facts/repeated-calls.ts";
import { isTwoPhase, type Transaction, transactionsOf } from "../facts/transactions.ts";
import { durationNs, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/**
 * A transaction is open while another service is asked, or while nothing is asked of the database at all: its connection
 * and its locks are held all that time, and others wait for them:
 *
 *   POST /checkout        |──────────────────────────────|
 *     BEGIN, SELECT … FOR UPDATE  |─|
 *     POST /payments                |────────────────|        <- nobody can buy this product meanwhile
 *     UPDATE, COMMIT                                  |─|
 */
export const transactionAcrossCall = defineTraceDetector<Options>({
  meta: {
    id: "transaction-across-call",
    version: 2,
    title: "Transaction held across a call",
    description:
      "A transaction stays open while something else is waited for; do that before or after it.",
    severity: "warning",
    // A statement takes a millisecond or two: from 10 ms on, the call is what the transaction is long for.
    defaults: { callMsMin: 10, idleMsMin: 100 },
    gainElsewhere:
      "the request takes as long once it is fixed, and none of this endpoint was seen to wait for a connection; who waits for its locks gets faster",
  },

  isCandidate: ({ transactions, longestOtherNs }, { callMsMin }) =>
    transactions > 0 && longestOtherNs >= callMsMin * 1e6,

  detect(trace, options) {
    return transactionsOf(trace).flatMap((transaction) => observe(trace, transaction, options));
  },
});

interface Options {
  /** A call that the open transaction waits for. */
  readonly callMsMin: number;
  /** Time in all in which neither a statement nor a call runs. */
  readonly idleMsMin: number;
}

/** Share of the call in which statements of the transaction may run before it counts as work beside it. */
const besideShareMin = 0.5;

function observe(trace: TraceView, transaction: Transaction, options: Options): Observation[] {
  const { statements } = transaction;
  const end = transaction.end ?? trace.end[statements.at(-1)!]!;
  const calls = callsInside(trace, transaction, end, options);
  const endpointSpan = endpointSpanOf(trace, statements[0]!);
  const guard = guardOf(trace, transaction, endpointSpan);
  if (calls.length > 0) {
    const beside = calls.every((call) => isBeside(trace, call, statements));
    const suppressedBy = guard ?? (beside ? "call-beside" : undefined);
    const observation = ofCalls(trace, transaction, endpointSpan, calls, end);
    return [suppressedBy ? { ...observation, suppressedBy } : observation];
  }
  const idle = longestIdle(trace, transaction, end);
  if (idle === null || idle.ns < options.idleMsMin * 1e6) return [];
  const blocked = statements.reduce((most, span) => Math.max(most, blockedNs(trace, span)), 0);
  const suppressedBy = guard ?? (blocked > 0 ? "event-loop-block" : undefined);
  const observation = ofIdleTime(trace, transaction, endpointSpan, idle);
  return [suppressedBy ? { ...observation, suppressedBy } : observation];
}

/** Calls to others that begin and end while the transaction is open, in the function that runs it or below. */
function callsInside(
  trace: TraceView,
  { statements, start }: Transaction,
  end: number,
  { callMsMin }: Options,
): SpanIndex[] {
  const { calls } = callsOfTrace(trace);
  const first = statements[0]!;
  const endpointSpan = endpointSpanOf(trace, first);
  return calls.filter(
    (span) =>
      callKindOf(trace, span) !== "database" &&
      trace.service[span] === trace.service[first] &&
      trace.start[span]! >= start &&
      trace.end[span]! <= end &&
      durationNs(trace, span) >= callMsMin * 1e6 &&
      endpointSpanOf(trace, span) === endpointSpan,
  );
}

/** Statements run while the call does: the transaction does not wait for it. */
function isBeside(trace: TraceView, call: SpanIndex, statements: readonly SpanIndex[]): boolean {
  const during = statements.filter(
    (span) => trace.start[span]! < trace.end[call]! && trace.end[span]! > trace.start[call]!,
  );
  const both = during.reduce((sum, span) => {
    const start = Math.max(trace.start[span]!, trace.start[call]!);
    return sum + Math.min(trace.end[span]!, trace.end[call]!) - start;
  }, 0);
  return both > durationNs(trace, call) * besideShareMin;
}

interface Idle {
  readonly ns: number;
  readonly before: SpanIndex;
  readonly after: SpanIndex;
}

/** The longest time between two statements, with the two. */
function longestIdle(trace: TraceView, { statements }: Transaction, end: number): Idle | null {
  let longest: Idle | null = null;
  for (const [i, after] of statements.entries()) {
    const before = statements[i - 1];
    if (before === undefined) continue;
    const ns = Math.min(end, trace.start[after]!) - trace.end[before]!;
    if (longest === null || ns > longest.ns) longest = { ns, before, after };
  }
  return longest;
}

function ofCalls(
  trace: TraceView,
  transaction: Transaction,
  endpointSpan: SpanIndex,
  calls: readonly SpanIndex[],
  end: number,
): Observation {
  const lead = calls[0]!;
  const label = callLabel(trace, lead);
  const more = calls.length > 1 ? ` and ${calls.length - 1} more` : "";
  return {
    ...common(trace, transaction, endpointSpan, trace.shapeId[lead]!),
    changes: shorterHold(trace, transaction, endpointSpan, unionNs(trace, calls)),
    summary: `${endpointLabel(endpointOf(trace, endpointSpan))} holds a transaction open for ${durationText(end - transaction.start)}, ${durationText(unionNs(trace, calls))} of it waiting for ${label}${more}`,
    spans: calls,
    repeats: countRepeats(trace, calls),
    fix: [
      `Call ${label} before the transaction begins, or after it is committed.`,
      "If the call must not be lost, write what is to be done into a table of the same transaction (an outbox), and let a worker make the call.",
      "If the call decides: reserve in one short transaction, call, and confirm or release in a second one.",
      "Set idle_in_transaction_session_timeout (PostgreSQL), so that one that hangs does not hold its locks for good.",
    ],
  };
}

function ofIdleTime(
  trace: TraceView,
  transaction: Transaction,
  endpointSpan: SpanIndex,
  { ns, before, after }: Idle,
): Observation {
  const spans = [before, after].sort((a, b) => a - b);
  return {
    ...common(trace, transaction, endpointSpan, "idle"),
    changes: shorterHold(trace, transaction, endpointSpan, ns),
    summary: `${endpointLabel(endpointOf(trace, endpointSpan))} holds a transaction open for ${durationText(ns)} without a statement, after ${callLabel(trace, before)}`,
    spans,
    repeats: countRepeats(trace, spans),
    fix: [
      `Do what happens between ${callLabel(trace, before)} and ${callLabel(trace, after)} before the transaction begins, or after it is committed: computing, files, or a call that is not instrumented.`,
      "Set idle_in_transaction_session_timeout (PostgreSQL), so that one that hangs does not hold its locks for good.",
    ],
  };
}

function common(
  trace: TraceView,
  { isMarked, logicalParent }: Transaction,
  endpointSpan: SpanIndex,
  what: string,
) {
  return {
    identity: [
      ...endpointIdentity(trace, endpointSpan),
      logicalParent === -1 ? "" : trace.name[logicalParent]!,
      what,
    ],
    endpointSpan,
    confidence: isMarked ? ("high" as const) : ("medium" as const),
  };
}

/**
 * The request itself takes as long once it is fixed. But those like it, which it waited for, then hold their connections
 * only as long as their statements take:
 *
 *   POST /checkout   |··· waits ···|BEGIN|──── POST /payments ────|COMMIT|
 *   fixed            |··|──── POST /payments ────|UPDATE|
 */
function shorterHold(
  trace: TraceView,
  { statements, start }: Transaction,
  endpointSpan: SpanIndex,
  spentNs: number,
): TraceChange[] {
  const first = statements[0]!;
  const waits = connectionWaits(trace).filter(
    ({ span }) =>
      trace.service[span] === trace.service[first] && endpointSpanOf(trace, span) === endpointSpan,
  );
  if (waits.length === 0) return [];
  const heldNs = trace.end[statements.at(-1)!]! - start;
  const leftShare = Math.max(0, 1 - spentNs / Math.max(1, heldNs));
  return [
    {
      kind: "hold-shorter",
      spans: waits.map(({ span }) => span),
      removableNs: waits.map((wait) => wait.end - wait.start),
      leftShare,
    },
  ];
}

/** Why nothing can be said; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  { statements, end, isAmbiguous }: Transaction,
  endpointSpan: SpanIndex,
): GuardId | undefined {
  const ofRequest = requestGuardOf(trace, statements, endpointSpan);
  if (ofRequest) return ofRequest;
  if (isAmbiguous) return "overlapping-transactions";
  if (statements.some((span) => isTwoPhase(trace, span))) return "two-phase";
  if (end === null) return "no-end";
  // Statements at the same time are not those of one connection.
  return unionNs(trace, statements) < 0.9 * sumNs(trace, statements)
    ? "overlapping-transactions"
    : undefined;
}
