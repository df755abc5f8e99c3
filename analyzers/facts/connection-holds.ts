import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callLabel, isDatabaseCall } from "./call-template.ts";
import { callsOfTrace } from "./calls-of-trace.ts";
import { endpointSpanOf } from "./endpoint-span.ts";
import { callsNs } from "./interval-union.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { transactionsOf } from "./transactions.ts";

/** A connection of a pool that a request holds: for a query, or from the BEGIN of a transaction to its end. */
export interface ConnectionHold {
  /** Its first statement. */
  readonly span: SpanIndex;
  /** Nanoseconds since the trace's start. Of a loop that is summed up, from its first call to its last. */
  readonly start: number;
  readonly end: number;
  /** Of that time, the share in which it is held. */
  readonly share: number;
  readonly kind: "transaction" | "query";
  /** What it is held for: "SELECT sales", "a transaction that waits for POST /payments". */
  readonly what: string;
}

/** The holds of a trace, by start. */
export const connectionHolds = oncePerTrace((trace): readonly ConnectionHold[] => {
  const transactions = transactionsOf(trace);
  const isInside = new Set(transactions.flatMap(({ statements }) => statements));
  const queries = callsOfTrace(trace).calls.filter(
    (span) => isDatabaseCall(trace, span) && !isInside.has(span),
  );
  const holds = [
    ...transactions.map(({ statements, start, end }) => {
      const until = end ?? trace.end[statements.at(-1)!]!;
      return ofTransaction(trace, statements, Math.min(start, until), until);
    }),
    ...queries.map((span) => ofQuery(trace, span)),
  ];
  return holds.sort((a, b) => a.start - b.start);
});

function ofQuery(trace: TraceView, span: SpanIndex): ConnectionHold {
  const start = heldFrom(trace, span);
  const end = trace.end[span]!;
  const repeats = trace.repeats[span]!;
  return {
    span,
    start,
    end,
    share: repeats > 1 ? Math.min(1, callsNs(trace, span) / Math.max(1, end - start)) : 1,
    kind: "query",
    what: callLabel(trace, span),
  };
}

/** A call begins with its wait for a connection; that is when it holds none. */
function heldFrom(trace: TraceView, span: SpanIndex): number {
  return Math.min(trace.end[span]!, trace.start[span]! + trace.poolWaitNs[span]!);
}

/** What is longer than this share of a transaction is what it is held for. */
const mostShare = 0.5;

function ofTransaction(
  trace: TraceView,
  statements: readonly SpanIndex[],
  begin: number,
  end: number,
): ConnectionHold {
  const span = statements[0]!;
  const start = Math.max(begin, heldFrom(trace, span));
  const isMost = (call: SpanIndex) =>
    durationIn(trace, call, start, end) > mostShare * (end - start);
  const statement = statements.find(isMost);
  const elsewhere = callsOfTrace(trace).calls.find(
    (call) =>
      !isDatabaseCall(trace, call) &&
      trace.service[call] === trace.service[span] &&
      endpointSpanOf(trace, call) === endpointSpanOf(trace, span) &&
      isMost(call),
  );
  const what = describe(trace, statement, elsewhere);
  return { span, start, end, share: 1, kind: "transaction", what };
}

function describe(
  trace: TraceView,
  statement: SpanIndex | undefined,
  elsewhere: SpanIndex | undefined,
): string {
  if (elsewhere !== undefined) return `a transaction that waits for ${callLabel(trace, elsewhere)}`;
  return statement === undefined
    ? "a transaction"
    : `a transaction with ${callLabel(trace, statement)}`;
}

function durationIn(trace: TraceView, span: SpanIndex, from: number, until: number): number {
  return Math.max(0, Math.min(trace.end[span]!, until) - Math.max(heldFrom(trace, span), from));
}
