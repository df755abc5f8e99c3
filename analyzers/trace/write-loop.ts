import { defineTraceDetector, type GuardId, type Observation } from "../detector.ts";
import { bulkFix } from "../facts/bulk-fix.ts";
import { busyNsBefore, isAfterAnswer, isLongLived, isPaced } from "../facts/call-guards.ts";
import { callLabel, isDatabaseCall, operationOf } from "../facts/call-template.ts";
import { remoteChanges } from "../facts/data-change.ts";
import {
  endpointLabel,
  endpointOf,
  endpointSpanOf,
  isHealthCheck,
} from "../facts/endpoint-span.ts";
import { isPerNamespace } from "../facts/per-namespace.ts";
import { takesFromQueue } from "../facts/queue.ts";
import { type RepeatedCalls, repeatedCalls } from "../facts/repeated-calls.ts";
import { isSchemaWork } from "../facts/schema-work.ts";
import type { Confidence } from "../model/finding.ts";
import {
  childrenOf,
  type SpanIndex,
  spanKind,
  statusError,
  type TraceView,
} from "../model/trace-view.ts";

/**
 * Rows are written one by one where one statement could write them all:
 *
 *   POST /carts             |──────────────────────────|
 *     SELECT wishlists        |──|
 *     INSERT cart_items           |─||─||─||─||─||─|       <- one round trip, and often one commit, a row
 */
export const writeLoop = defineTraceDetector<Options>({
  meta: {
    id: "write-loop",
    version: 2,
    title: "Row-by-row writes",
    description: "The same insert, update or delete runs once per row; write the rows together.",
    severity: "warning",
    // A handful of rows is as often a form as a loop.
    defaults: { repeatsMin: 5 },
    optionsOnceKnown: { repeatsMin: 2 },
  },

  isCandidate: ({ repeats }, { repeatsMin }) => repeats >= repeatsMin,

  detect(trace, { repeatsMin }) {
    const loops = repeatedCalls(trace, repeatsMin).filter(({ spans }) =>
      isRowWrite(trace, spans[0]!),
    );
    if (loops.length === 0) return [];
    const busyNs = busyNsBefore(trace);
    return loops.map((calls) => toObservation(trace, calls, busyNs, repeatsMin));
  },
});

interface Options {
  /** Writes from which on a repeat is one finding. */
  readonly repeatsMin: number;
}

/** At least this share of the calls has parameters of its own: a row each. */
const distinctShareMin = 0.8;
/** At most this share: the same row over and over, such as a counter. */
const duplicateShareMax = 0.2;

const rowWrite = /\b(insert|update|delete|replace|merge|upsert)/i;
/** Stores whose clients send commands in pipelines: many spans, one round trip. */
const pipelined: ReadonlySet<string> = new Set(["redis", "valkey", "memcached"]);

function isRowWrite(trace: TraceView, call: SpanIndex): boolean {
  return (
    isDatabaseCall(trace, call) &&
    !pipelined.has(trace.dbSystemName[call]!) &&
    operationOf(trace, call) === "write" &&
    // Some texts are only the document that is written.
    (rowWrite.test(trace.dbQueryText[call]!) || rowWrite.test(trace.dbQuerySummary[call]!))
  );
}

function toObservation(
  trace: TraceView,
  calls: RepeatedCalls,
  busyNs: Float64Array,
  repeatsMin: number,
): Observation {
  const { spans, repeats } = calls;
  const call = spans[0]!;
  const endpointSpan = endpointSpanOf(trace, call);
  const endpoint = endpointOf(trace, endpointSpan);
  const suppressedBy = isPaced(trace, spans, busyNs)
    ? "paced"
    : guardOf(trace, calls, endpointSpan, repeatsMin);
  return {
    identity: [
      trace.service[call]!,
      trace.environment[call]!,
      endpoint.method,
      endpoint.route,
      calls.logicalParent === -1 ? "" : trace.name[calls.logicalParent]!,
      calls.shapeId,
    ],
    summary: `${endpointLabel(endpoint)} writes row by row, ${howOften(calls)}: ${callLabel(trace, call)}`,
    endpointSpan,
    spans,
    repeats,
    confidence: confidenceOf(trace, calls),
    changes: [{ kind: "merge-calls", spans }],
    fix: bulkFix(trace, call),
    ...(suppressedBy && { suppressedBy }),
  };
}

function howOften({ repeats, distinctParams, mode }: RepeatedCalls): string {
  const parts = [`${repeats} times${mode === "concurrent" ? " at once" : ""}`];
  if (distinctParams === null) parts.push("parameters unknown");
  else if (distinctParams < repeats * distinctShareMin) {
    parts.push(`${distinctParams} with different parameters`);
  }
  return parts.join(", ");
}

function confidenceOf(trace: TraceView, { spans, repeats, distinctParams }: RepeatedCalls) {
  const areRowsKnown = spans.every((span) => trace.returnedRows[span]! >= 0);
  if (distinctParams === null || !areRowsKnown) return "low" satisfies Confidence;
  // What lies between may decide about the next write, or commit each: a person has to look.
  const isPlain = distinctParams >= repeats * distinctShareMin && !hasCallsBetween(trace, spans);
  return isPlain ? "high" : "medium";
}

function hasCallsBetween(trace: TraceView, spans: readonly SpanIndex[]): boolean {
  const writes = new Set(spans);
  for (let span = spans[0]!; span < spans.at(-1)!; span++) {
    if (writes.has(span) || childrenOf(trace, span).length > 0) continue;
    const isRemote = trace.kind[span] === spanKind.client || trace.kind[span] === spanKind.producer;
    if (isDatabaseCall(trace, span) || (isRemote && trace.dbSystemName[span] === "")) return true;
  }
  return false;
}

/** What is no write of one row each although it repeats; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  { spans, repeats, distinctParams }: RepeatedCalls,
  endpointSpan: SpanIndex,
  repeatsMin: number,
): GuardId | undefined {
  if (isHealthCheck(endpointOf(trace, endpointSpan))) return "health-check";
  if (isLongLived(trace, spans, endpointSpan)) return "long-lived";
  if (isAfterAnswer(trace, spans, endpointSpan)) return "after-answer";
  if (isPerNamespace(trace, spans, repeatsMin)) return "different-namespaces";
  if (isSchemaWork(trace, spans[0]!, endpointSpan)) return "schema-work";
  if (takesFromQueue(trace, spans[0]!)) return "queue";
  if (notesEffects(trace, spans)) return "effect-between";
  const isDistinct = distinctParams !== null && distinctParams >= repeats * distinctShareMin;
  const failed = spans.filter((span) => trace.statusCode[span] === statusError);
  if (!isDistinct && failed.length >= spans.length / 2) return "retry";
  if (distinctParams !== null && distinctParams <= repeats * duplicateShareMax) {
    return "same-parameters";
  }
  const batches = spans.filter((span) => writesManyRows(trace, span));
  return batches.length > spans.length / 2 ? "batched-writes" : undefined;
}

/**
 * Between each two of them something is sent to others: the row says that it was, and has to be there when the process ends.
 *
 *   POST /mails  |───|      |───|      |───|      an outbox, a saga: written together, mails would go out twice
 *   UPDATE outbox     |─|        |─|        |─|
 */
function notesEffects(trace: TraceView, spans: readonly SpanIndex[]): boolean {
  const sent = remoteChanges(trace);
  let at = 0;
  let noted = 0;
  for (const [i, span] of spans.entries()) {
    const before = at;
    while (at < sent.length && sent[at]! < span) at++;
    if (at > before && (i === 0 || sent[at - 1]! > spans[i - 1]!)) noted++;
  }
  return noted >= spans.length - 1;
}

const takesList =
  /\)(,| )\s*…|\b(unnest|any|\w*json\w*)\s*\(|\bin\s*\(|\$in\b|\bselect\b|\b(insertmany|bulkwrite)\b/i;

/** The rows that it changed tell, when known; else the text: of VALUES it has one row, and `…` for the others. */
function writesManyRows(trace: TraceView, span: SpanIndex): boolean {
  const rows = trace.returnedRows[span]!;
  return rows > 1 || (rows < 0 && takesList.test(trace.dbQueryText[span]!));
}
