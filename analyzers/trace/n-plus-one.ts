import { defineTraceDetector, type GuardId, type Observation } from "../detector.ts";
import { callLabel, isListCall, type Operation, operationOf } from "../facts/call-template.ts";
import {
  endpointLabel,
  endpointOf,
  endpointSpanOf,
  isHealthCheck,
} from "../facts/endpoint-span.ts";
import { unionNs } from "../facts/interval-union.ts";
import { mergeFix } from "../facts/merge-fix.ts";
import { countRepeats, type RepeatedCalls, repeatedCalls } from "../facts/repeated-calls.ts";
import type { Confidence } from "../model/finding.ts";
import { type SpanIndex, spanKind, statusError, type TraceView } from "../model/trace-view.ts";

/**
 * A list is loaded with one query, then each of its rows with another:
 *
 *   GET /orders             |──────────────────────────|
 *     SELECT orders           |──|                          <- the driver, when its row count is known
 *     SELECT products id=?         |─||─||─||─||─||─|       <- repeats, one after the other or all at once
 */
export const nPlusOne = defineTraceDetector<Options>({
  meta: {
    id: "n-plus-one",
    version: 1,
    title: "N+1 queries",
    description: "The same query runs once per row; load the rows together instead.",
    severity: "warning",
    defaults: { repeatsMin: 5, candidatesMax: 10_000 },
  },

  // A call's logical parent is not in its row, so this only leaves out the traces in which nothing repeats.
  candidates: `
    SELECT lower(hex(trace_id)) AS trace_id
    FROM spans
    WHERE toStartOfHour(ts) >= toStartOfHour({from:DateTime}, 'UTC')
      AND toStartOfHour(ts) <= toStartOfHour({to:DateTime}, 'UTC')
      AND spans.trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16))
      AND db_system_name != ''
      AND shape_id != 0
    GROUP BY spans.trace_id, service, shape_id
    HAVING sum(repeats) >= {repeatsMin:UInt32}
    ORDER BY trace_id
    LIMIT 1 BY trace_id
    LIMIT {candidatesMax:UInt32}`,

  detect(trace, { repeatsMin }) {
    return repeatedCalls(trace, repeatsMin).map((calls) => toObservation(trace, calls, repeatsMin));
  },
});

interface Options {
  /** Calls from which on a repeat is one finding. */
  readonly repeatsMin: number;
  /** Traces that one candidates query returns. */
  readonly candidatesMax: number;
}

/** At least this share of the calls has parameters of its own: an N+1. */
const distinctShareMin = 0.8;
/** At most this share: the same call over and over, which is another fault. */
const duplicateShareMax = 0.2;
/** A request that takes longer than this is no request: a stream, a worker, a schedule. */
const requestMaxNs = 60e9;
/** Calls that fill less of their time than this wait for something else between them. */
const busyShareMin = 0.1;

function toObservation(trace: TraceView, calls: RepeatedCalls, repeatsMin: number): Observation {
  const { spans, repeats, driver } = calls;
  const call = spans[0]!;
  const endpointSpan = endpointSpanOf(trace, call);
  const endpoint = endpointOf(trace, endpointSpan);
  const suppressedBy = guardOf(trace, calls, endpointSpan, repeatsMin);
  return {
    identity: [
      trace.service[call]!,
      trace.environment[call]!,
      endpoint.method,
      endpoint.route,
      calls.logicalParent === -1 ? "" : trace.name[calls.logicalParent]!,
      calls.shapeId,
    ],
    summary: `${endpointLabel(endpoint)} runs the same query ${howOften(trace, calls)}: ${callLabel(trace, call)}`,
    endpointSpan,
    spans,
    repeats,
    confidence: confidenceOf(calls),
    change: { kind: "merge-calls", spans },
    fix: mergeFix(trace, call, driver),
    ...(suppressedBy && { suppressedBy }),
  };
}

function howOften(trace: TraceView, { repeats, distinctParams, mode, driver }: RepeatedCalls) {
  const parts = [`${repeats} times${mode === "concurrent" ? " at once" : ""}`];
  if (driver !== null) parts.push(`one per row of ${callLabel(trace, driver)}`);
  if (distinctParams === null) parts.push("parameters unknown");
  else if (distinctParams < repeats * distinctShareMin) {
    parts.push(`${distinctParams} with different parameters`);
  }
  return parts.join(", ");
}

function confidenceOf({ repeats, distinctParams, driver }: RepeatedCalls): Confidence {
  if (distinctParams === null) return driver === null ? "low" : "medium";
  return distinctParams >= repeats * distinctShareMin ? "high" : "medium";
}

/** What is no N+1 although it repeats; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  calls: RepeatedCalls,
  endpointSpan: SpanIndex,
  repeatsMin: number,
): GuardId | undefined {
  const operation = operationOf(trace, calls.spans[0]!);
  if (operation !== "read") return guardByOperation[operation];
  if (isHealthCheck(endpointOf(trace, endpointSpan))) return "health-check";
  if (isLongLived(trace, calls, endpointSpan)) return "long-lived";
  if (isPerNamespace(trace, calls, repeatsMin)) return "different-namespaces";
  if (isRetry(trace, calls)) return "retry";
  const { distinctParams, repeats, spans } = calls;
  if (distinctParams !== null && distinctParams <= repeats * duplicateShareMax) {
    return "same-parameters";
  }
  const lists = spans.filter((span) => isListCall(trace, span));
  return lists.length > spans.length / 2 ? "batched-lists" : undefined;
}

const guardByOperation: Readonly<Record<Exclude<Operation, "read">, GuardId>> = {
  write: "write",
  "transaction-control": "transaction-control",
  cursor: "cursor",
  other: "not-a-read",
};

/**
 * More than a minute: a worker or a schedule has many units of work in one span, and a stream polls. Only a request
 * whose calls follow each other closely is a slow request.
 */
function isLongLived(trace: TraceView, { spans }: RepeatedCalls, endpointSpan: SpanIndex): boolean {
  if (trace.end[endpointSpan]! - trace.start[endpointSpan]! <= requestMaxNs) return false;
  if (trace.kind[endpointSpan] !== spanKind.server) return true;
  const end = spans.reduce((latest, span) => Math.max(latest, trace.end[span]!), 0);
  return unionNs(trace, spans) < (end - trace.start[spans[0]!]!) * busyShareMin;
}

/** One tenant's database after the other: no query reaches into all of them. */
function isPerNamespace(trace: TraceView, { spans }: RepeatedCalls, repeatsMin: number): boolean {
  const byNamespace = Map.groupBy(spans, (span) => trace.dbNamespace[span]!);
  if (byNamespace.size === 1) return false;
  return [...byNamespace.values()].every((group) => countRepeats(trace, group) < repeatsMin);
}

/** Calls that fail again and again with what may be the same parameters. */
function isRetry(trace: TraceView, { spans, distinctParams, repeats }: RepeatedCalls): boolean {
  if (distinctParams !== null && distinctParams >= repeats * distinctShareMin) return false;
  const failed = spans.filter((span) => trace.statusCode[span] === statusError);
  return failed.length >= spans.length / 2;
}
