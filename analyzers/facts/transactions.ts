import { childrenOf, type SpanIndex, type TraceView } from "../model/trace-view.ts";
import { isDatabaseCall } from "./call-template.ts";
import { callsOfTrace } from "./calls-of-trace.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** A transaction of a database, as far as its spans tell. */
export interface Transaction {
  /** Its statements by start, BEGIN and COMMIT included when they are spans; never empty. */
  readonly statements: readonly SpanIndex[];
  readonly logicalParent: SpanIndex;
  /** From when on the connection is held, and until when; the latter null when no end is seen. */
  readonly start: number;
  readonly end: number | null;
  /** The agent said which statements belong together; otherwise they were put together by BEGIN and COMMIT. */
  readonly isMarked: boolean;
  /** Another transaction of the same function ran at the same time: whose statements are whose is a guess. */
  readonly isAmbiguous: boolean;
}

/**
 * The transactions of a trace, by start: statements that the agent marked; what lies between BEGIN and the next COMMIT or
 * ROLLBACK of the same service below the same function; or all below the span in which an ORM runs one.
 *
 *   BEGIN |─|  SELECT |──|   POST /payments |────────────|   UPDATE |─|  COMMIT |─|
 *           ^ start                                                       end ^
 */
export const transactionsOf = oncePerTrace((trace): readonly Transaction[] => {
  const marked = markedTransactions(trace);
  const known = new Set(marked.flatMap(({ statements }) => statements));
  const wrapped = wrappedTransactions(trace, known);
  for (const { statements } of wrapped) for (const span of statements) known.add(span);
  const all = [...marked, ...wrapped, ...delimitedTransactions(trace, known)];
  return all.sort((a, b) => a.start - b.start);
});

export function isBegin(trace: TraceView, span: SpanIndex): boolean {
  return isBeginText(textOf(trace, span));
}

function isEnd(trace: TraceView, span: SpanIndex): boolean {
  return isEndText(textOf(trace, span));
}

/** `PREPARE TRANSACTION`, `XA PREPARE`: others take part in the transaction, and have to be asked while it is open. */
export function isTwoPhase(trace: TraceView, span: SpanIndex): boolean {
  return isTwoPhaseText(textOf(trace, span));
}

const isTwoPhaseText = oncePerText((text) =>
  /^\s*(prepare\s+transaction|(commit|rollback)\s+prepared|xa\s)/i.test(text),
);
const isBeginText = oncePerText((text) => /^\s*(begin|start\s+transaction)\b/i.test(text));
const isEndText = oncePerText((text) =>
  /^\s*(commit|end|rollback|abort)\b(?!\s+(\w+\s+)?(to|prepared)\b)/i.test(text),
);

function textOf(trace: TraceView, span: SpanIndex): string {
  return trace.dbQueryText[span] || trace.dbQuerySummary[span]!;
}

function markedTransactions(trace: TraceView): Transaction[] {
  const { calls } = callsOfTrace(trace);
  const marked = calls.filter((span) => trace.transactionId[span] !== "0");
  const groups = Map.groupBy(
    marked,
    (span) => `${trace.resourceId[span]} ${trace.transactionId[span]}`,
  );
  return [...groups.values()].map((statements) => {
    const hasEnd = isEnd(trace, statements.at(-1)!);
    return toTransaction(trace, statements, { isMarked: true, hasEnd });
  });
}

const isWrapperName = oncePerText((name) => /(^|[.: ])\$?transaction$/i.test(name));

/** An ORM's span that holds a whole transaction: it is open until that span ends. */
function wrappedTransactions(trace: TraceView, known: ReadonlySet<SpanIndex>): Transaction[] {
  const { calls } = callsOfTrace(trace);
  const transactions: Transaction[] = [];
  const isCall = new Set(calls);
  for (let span = 0; span < trace.size; span++) {
    if (!isWrapperName(trace.name[span]!) || isCall.has(span)) continue;
    const statements = callsBelow(trace, span, isCall).filter((call) => !known.has(call));
    if (statements.length === 0) continue;
    const transaction = toTransaction(trace, statements, { isMarked: false, hasEnd: true });
    transactions.push({ ...transaction, end: trace.end[span]! });
  }
  return transactions;
}

function callsBelow(trace: TraceView, top: SpanIndex, isCall: ReadonlySet<SpanIndex>): SpanIndex[] {
  const found: SpanIndex[] = [];
  const open = [top];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    for (const child of childrenOf(trace, span)) {
      if (trace.service[child] !== trace.service[top]) continue;
      if (isCall.has(child) && isDatabaseCall(trace, child)) found.push(child);
      else open.push(child);
    }
  }
  return found.sort((a, b) => a - b);
}

/** One after the other below one function, each from its BEGIN to the next end; two at once can't be told apart. */
function delimitedTransactions(trace: TraceView, known: ReadonlySet<SpanIndex>): Transaction[] {
  const { calls, parents } = callsOfTrace(trace);
  const transactions: Transaction[] = [];
  const places = Map.groupBy(
    calls.filter(
      (span) => isDatabaseCall(trace, span) && !known.has(span) && !isManyLimits(trace, span),
    ),
    (span) => `${parents[span]} ${trace.service[span]} ${trace.dbSystemName[span]}`,
  );
  for (const spans of places.values()) {
    let open: SpanIndex[] | null = null;
    let isAmbiguous = false;
    const close = (hasEnd: boolean) => {
      if (open) {
        transactions.push(toTransaction(trace, open, { isMarked: false, hasEnd, isAmbiguous }));
      }
      open = null;
    };
    for (const span of spans) {
      if (isBegin(trace, span)) {
        isAmbiguous = open !== null;
        close(false);
        open = [span];
      } else if (open) {
        (open as SpanIndex[]).push(span);
        if (isEnd(trace, span)) close(true);
      }
    }
    close(false);
  }
  return transactions;
}

/** Many a BEGIN, or many a COMMIT, summed up: they delimit no transaction. */
function isManyLimits(trace: TraceView, span: SpanIndex): boolean {
  return trace.repeats[span]! > 1 && (isBegin(trace, span) || isEnd(trace, span));
}

interface TransactionFacts {
  readonly isMarked: boolean;
  readonly hasEnd: boolean;
  readonly isAmbiguous?: boolean;
}

function toTransaction(
  trace: TraceView,
  statements: readonly SpanIndex[],
  { isMarked, hasEnd, isAmbiguous = false }: TransactionFacts,
): Transaction {
  const first = statements[0]!;
  return {
    statements,
    logicalParent: callsOfTrace(trace).parents[first]!,
    start: isBegin(trace, first) ? trace.end[first]! : trace.start[first]!,
    end: hasEnd ? trace.start[statements.at(-1)!]! : null,
    isMarked,
    isAmbiguous,
  };
}
