import { defineTraceDetector, type GuardId, type Observation, type Told } from "../detector.ts";
import {
  busyNsBefore,
  isAfterAnswer,
  isLongLived,
  isPaced,
  isPolling,
} from "../facts/call-guards.ts";
import { callPatterns } from "../facts/call-patterns.ts";
import {
  callKindOf,
  callLabel,
  isListCall,
  type Operation,
  operationOf,
} from "../facts/call-template.ts";
import { databaseChanges, hasEffects, readsNoTable, touchesSame } from "../facts/data-change.ts";
import { durationText } from "../facts/duration-text.ts";
import {
  endpointLabel,
  endpointOf,
  endpointSpanOf,
  isHealthCheck,
} from "../facts/endpoint-span.ts";
import { type LoopGrowth, loopGrowth } from "../facts/loop-growth.ts";
import { mergeFix } from "../facts/merge-fix.ts";
import { asksForNewer, isPagination } from "../facts/pagination.ts";
import { isPerNamespace } from "../facts/per-namespace.ts";
import { takesFromQueue } from "../facts/queue.ts";
import { type RepeatedCalls, repeatedCalls } from "../facts/repeated-calls.ts";
import { isSchemaWork } from "../facts/schema-work.ts";
import { guardOfMessages, isSentMessage } from "../facts/sent-messages.ts";
import type { Confidence } from "../model/finding.ts";
import { type SpanIndex, statusError, type TraceView } from "../model/trace-view.ts";

/**
 * A list is loaded with one call, then each of its rows with another, be it a query or a call to a service:
 *
 *   GET /orders             |──────────────────────────|
 *     SELECT orders           |──|                          <- the driver, when its row count is known
 *     SELECT products id=?         |─||─||─||─||─||─|       <- repeats, one after the other or all at once
 */
export const nPlusOne = defineTraceDetector<Options>({
  meta: {
    id: "n-plus-one",
    version: 4,
    title: "N+1 calls",
    description:
      "The same query runs, or the same service is called, once per row; load the rows together instead.",
    severity: "warning",
    // Up to four are as often a fixed few, such as the parts of a page.
    defaults: { repeatsMin: 5 },
    optionsOnceKnown: { repeatsMin: 2 },
  },

  isCandidate: ({ repeats }, { repeatsMin }) => repeats >= repeatsMin,

  detect(trace, { repeatsMin }) {
    const isCall = (_: TraceView, span: SpanIndex) => callKindOf(trace, span) !== null;
    const groups = repeatedCalls(trace, repeatsMin, isCall).map((calls) => ({
      calls,
      suppressedBy: guardOf(trace, calls, repeatsMin),
    }));
    const loud = groups.flatMap(({ calls, suppressedBy }) => (suppressedBy ? [] : calls));
    return [
      ...callPatterns(trace, loud).map((pattern) => toObservation(trace, pattern)),
      ...groups.flatMap(({ calls, suppressedBy }) =>
        suppressedBy ? { ...toObservation(trace, [calls]), suppressedBy } : [],
      ),
    ];
  },

  tellSample(sample, shapeId) {
    const growth = loopGrowth(sample, shapeId);
    return growth && toldOf(growth);
  },
});

/** So many rows are a large customer's: what the loop costs there. */
const manyRows = 1_000;

/** "its calls grow with the rows of SELECT orders, one a row (5 to 48 in 57 requests): with 1,000 rows they take 2.1 s". */
function toldOf({ driver, traces, callsPerRow, callsMin, callsMax, callNs }: LoopGrowth): Told {
  const perRow = Math.abs(callsPerRow - 1) <= 0.1 ? "one" : callsPerRow.toFixed(1);
  const takes = durationText(callNs * callsPerRow * manyRows);
  const clause = `its calls grow with the rows of ${driver}, about ${perRow} a row (${callsMin} to ${callsMax} in ${traces} requests): with 1,000 rows they take ${takes}`;
  return { clause, fix: [] };
}

interface Options {
  /** Calls from which on a repeat is one finding. */
  readonly repeatsMin: number;
}

/** At least this share of the calls has parameters of its own: an N+1. */
const distinctShareMin = 0.8;
/** At most this share: the same call over and over, which is another fault. */
const duplicateShareMax = 0.2;

/** `pattern`: the calls of one loop; the one that comes first in a turn gives the finding its name. */
function toObservation(trace: TraceView, pattern: readonly RepeatedCalls[]): Observation {
  const lead = pattern[0]!;
  const call = lead.spans[0]!;
  const endpointSpan = endpointSpanOf(trace, call);
  const endpoint = endpointOf(trace, endpointSpan);
  return {
    // Of the first call alone: the second may be missing in a turn, and is then no part of the pattern.
    identity: [
      trace.service[call]!,
      trace.environment[call]!,
      endpoint.method,
      endpoint.route,
      lead.logicalParent === -1 ? "" : trace.name[lead.logicalParent]!,
      lead.shapeId,
    ],
    summary: `${endpointLabel(endpoint)} ${sentenceOf(trace, pattern)}`,
    endpointSpan,
    spans: pattern.flatMap(({ spans }) => spans).sort((a, b) => a - b),
    repeats: pattern.reduce((sum, { repeats }) => sum + repeats, 0),
    confidence: leastConfident(pattern.map((calls) => confidenceOf(trace, calls))),
    changes: pattern.map(({ spans }) => ({ kind: "merge-calls", spans })),
    fix: [...new Set(pattern.flatMap((calls) => mergeFix(trace, calls)))],
  };
}

function sentenceOf(trace: TraceView, pattern: readonly RepeatedCalls[]): string {
  const lead = pattern[0]!;
  const labels = pattern.map(({ spans }) => callLabel(trace, spans[0]!)).join(", ");
  if (pattern.length === 1) {
    return `${verbOf(trace, lead.spans[0]!)} ${howOften(trace, lead)}: ${labels}`;
  }
  const areQueries = pattern.every(({ spans }) => callKindOf(trace, spans[0]!) === "database");
  const calls = areQueries ? "queries run" : "calls are made";
  return `has a loop in which ${pattern.length} ${calls} ${howOften(trace, lead)}: ${labels}`;
}

function leastConfident(confidences: readonly Confidence[]): Confidence {
  const order: readonly Confidence[] = ["low", "medium", "high"];
  return order.find((confidence) => confidences.includes(confidence))!;
}

function verbOf(trace: TraceView, call: SpanIndex): string {
  if (isSentMessage(trace, call)) return "sends a message";
  return callKindOf(trace, call) === "database" ? "runs the same query" : "makes the same call";
}

function howOften(trace: TraceView, calls: RepeatedCalls): string {
  const { repeats, distinctParams, mode, driver, spans } = calls;
  const parts = [`${repeats} times${mode === "concurrent" ? " at once" : ""}`];
  if (driver !== null) parts.push(`one per row of ${callLabel(trace, driver)}`);
  // That each message says something else needs no proof.
  if (isSentMessage(trace, spans[0]!)) return parts.join(", ");
  if (distinctParams === null) parts.push("parameters unknown");
  else if (distinctParams < repeats * distinctShareMin) {
    parts.push(`${distinctParams} with different parameters`);
  }
  return parts.join(", ");
}

function confidenceOf(trace: TraceView, calls: RepeatedCalls): Confidence {
  const { distinctParams, driver, mode } = calls;
  if (distinctParams === null) return driver === null ? "low" : "medium";
  if (!hasDistinctParams(calls)) return "medium";
  // What is read one after the other from a service may still be pages.
  const mayBePages = callKindOf(trace, calls.spans[0]!) !== "database" && mode !== "concurrent";
  return mayBePages && driver === null ? "medium" : "high";
}

function hasDistinctParams({ distinctParams, repeats }: RepeatedCalls): boolean {
  return distinctParams !== null && distinctParams >= repeats * distinctShareMin;
}

/** What is no N+1 although it repeats; the first that holds names the reason. */
function guardOf(trace: TraceView, calls: RepeatedCalls, repeatsMin: number): GuardId | undefined {
  const call = calls.spans[0]!;
  const operation = operationOf(trace, call);
  const isMessage = isSentMessage(trace, call);
  if (operation !== "read" && !isMessage) return guardByOperation[operation];
  const ofRequest = guardOfRequest(trace, calls);
  if (ofRequest || isRetry(trace, calls)) return ofRequest ?? "retry";
  return isMessage ? guardOfMessages(trace, calls) : guardOfCalls(trace, calls, repeatsMin);
}

/** Why nothing of its kind is a fault where the calls are made, or of what is asked. */
function guardOfRequest(trace: TraceView, { spans }: RepeatedCalls): GuardId | undefined {
  const call = spans[0]!;
  const endpointSpan = endpointSpanOf(trace, call);
  const callee = { method: "", route: trace.urlTemplate[call]! };
  if (isHealthCheck(endpointOf(trace, endpointSpan)) || isHealthCheck(callee)) {
    return "health-check";
  }
  if (isLongLived(trace, spans, endpointSpan)) return "long-lived";
  if (isAfterAnswer(trace, spans, endpointSpan)) return "after-answer";
  if (isSchemaWork(trace, call, endpointSpan)) return "schema-work";
  if (takesFromQueue(trace, call)) return "queue";
  return hasEffects(trace, call) && readsNoTable(trace, call) ? "not-repeatable" : undefined;
}

/** Why these calls are other than one for each row. */
function guardOfCalls(
  trace: TraceView,
  calls: RepeatedCalls,
  repeatsMin: number,
): GuardId | undefined {
  const { distinctParams, repeats, spans } = calls;
  if (isPerNamespace(trace, spans, repeatsMin)) return "different-namespaces";
  if (isPipelined(trace, calls)) return "pipeline";
  const busyNs = busyNsBefore(trace);
  if (!hasDistinctParams(calls) && isPolling(trace, spans, busyNs)) return "polling";
  if (distinctParams !== null && distinctParams <= repeats * duplicateShareMax) {
    return "same-parameters";
  }
  if (isReadAfterWrite(trace, calls)) return "written-between";
  if (isPagination(trace, calls)) return "pagination";
  if (asksForNewer(trace, spans[0]!) && isPaced(trace, spans, busyNs)) return "polling";
  const lists = spans.filter((span) => isListCall(trace, span));
  return lists.length > spans.length / 2 ? "batched-lists" : undefined;
}

const guardByOperation: Readonly<Record<Exclude<Operation, "read">, GuardId>> = {
  write: "write",
  "transaction-control": "transaction-control",
  cursor: "cursor",
  other: "not-a-read",
};

/** Calls that fail again and again with what may be the same parameters. */
function isRetry(trace: TraceView, calls: RepeatedCalls): boolean {
  if (hasDistinctParams(calls)) return false;
  const failed = calls.spans.filter((span) => trace.statusCode[span] === statusError);
  return failed.length >= calls.spans.length / 2;
}

/** Clients of these send what is asked at once down one connection: many spans, and about one round trip. */
const pipelined: ReadonlySet<string> = new Set(["redis", "valkey", "memcached"]);

function isPipelined(trace: TraceView, { spans, mode }: RepeatedCalls): boolean {
  return mode === "concurrent" && pipelined.has(trace.dbSystemName[spans[0]!]!);
}

/** The same row may be read again after each change, and nobody knows whether it is the same one. */
function isReadAfterWrite(trace: TraceView, { spans, distinctParams }: RepeatedCalls): boolean {
  const [first, last] = [spans[0]!, spans.at(-1)!];
  if (distinctParams !== null || callKindOf(trace, first) !== "database") return false;
  const between = databaseChanges(trace).filter(
    (change) => change > first && change < last && touchesSame(trace, change, first),
  );
  return between.length >= spans.length / 2;
}
