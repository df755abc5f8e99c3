import { defineTraceDetector, type GuardId, type Observation } from "../detector.ts";
import { busyNsBefore, isAfterAnswer, isLongLived, isPolling } from "../facts/call-guards.ts";
import { callKindOf, callLabel, type Operation, operationOf } from "../facts/call-template.ts";
import {
  databaseChanges,
  hasEffects,
  readsNoTable,
  remoteChanges,
  touchesSame,
} from "../facts/data-change.ts";
import { endpointLabel, endpointOf, isHealthCheck } from "../facts/endpoint-span.ts";
import { type IdenticalCalls, identicalCalls } from "../facts/identical-calls.ts";
import { sumNs, unionNs } from "../facts/interval-union.ts";
import { isPerNamespace } from "../facts/per-namespace.ts";
import { isSchemaWork } from "../facts/schema-work.ts";
import { type SpanIndex, statusError, type TraceView } from "../model/trace-view.ts";

/**
 * One request asks the same thing again and again, and nobody has changed the answer in between:
 *
 *   GET /invoice              |────────────────────────────────|
 *     SELECT lines              |──|
 *     SELECT tax_rates id=7         |─|   |─|   |─|   |─|         <- the first is enough
 */
export const duplicateCall = defineTraceDetector<Options>({
  meta: {
    id: "duplicate-call",
    version: 3,
    title: "Duplicate calls",
    description:
      "The same query runs, or the same request is made, again with the same parameters; keep its first answer.",
    severity: "warning",
    // Two are often two functions that don't know of each other, and cost one call; a third is a habit.
    defaults: { repeatsMin: 3 },
    optionsOnceKnown: { repeatsMin: 2 },
  },

  isCandidate: ({ repeats }, { repeatsMin }) => repeats >= repeatsMin,

  detect(trace, { repeatsMin }) {
    const groups = identicalCalls(trace, repeatsMin)
      .sort((a, b) => b.repeats - a.repeats)
      .slice(0, groupsMax);
    if (groups.length === 0) return [];
    const surroundings = surroundingsOf(trace);
    return groups.map((calls) => toObservation(trace, calls, surroundings, repeatsMin));
  },
});

interface Options {
  /** Calls with the same parameters from which on a repeat is one finding. */
  readonly repeatsMin: number;
}

/** Sets of parameters looked at in one trace, the most repeated first; a generated trace could have thousands. */
const groupsMax = 100;

/** What else happens in the trace. */
interface Surroundings {
  /** By what they change; none is empty. */
  readonly changes: readonly (readonly SpanIndex[])[];
  readonly transactionControl: readonly SpanIndex[];
  readonly isReadOnly: boolean;
  readonly busyNs: Float64Array;
}

function surroundingsOf(trace: TraceView): Surroundings {
  const changes = [...databaseChanges(trace), ...remoteChanges(trace)];
  const target = (span: SpanIndex) =>
    `${trace.dbSystemName[span]} ${trace.dbQuerySummary[span]} ${trace.serverAddress[span]}`;
  return {
    changes: [...Map.groupBy(changes, target).values()],
    transactionControl: transactionControl(trace),
    isReadOnly: changes.length === 0,
    busyNs: busyNsBefore(trace),
  };
}

function transactionControl(trace: TraceView): SpanIndex[] {
  const found: SpanIndex[] = [];
  for (let span = 0; span < trace.size; span++) {
    const isQuery = trace.dbSystemName[span] !== "";
    if (isQuery && operationOf(trace, span) === "transaction-control") found.push(span);
  }
  return found;
}

function toObservation(
  trace: TraceView,
  calls: IdenticalCalls,
  surroundings: Surroundings,
  repeatsMin: number,
): Observation {
  const { spans, repeats, endpointSpan } = calls;
  const call = spans[0]!;
  const endpoint = endpointOf(trace, endpointSpan);
  const suppressedBy = guardOf(trace, calls, surroundings, repeatsMin);
  const isQuery = callKindOf(trace, call) === "database";
  const verb = isQuery ? "runs the same query" : "makes the same call";
  const atOnce = unionNs(trace, spans) <= 0.5 * sumNs(trace, spans) ? " at once" : "";
  return {
    // No logical parent: an answer that is kept for the request serves all of its functions.
    identity: [
      trace.service[call]!,
      trace.environment[call]!,
      endpoint.method,
      endpoint.route,
      trace.shapeId[call]!,
    ],
    summary: `${endpointLabel(endpoint)} ${verb} with the same parameters ${repeats} times${atOnce}: ${callLabel(trace, call)}`,
    endpointSpan,
    spans,
    repeats,
    // Of a request the headers are unknown: it may be asked for another user each time.
    confidence: surroundings.isReadOnly && isQuery ? "high" : "medium",
    changes: [{ kind: "drop-repeats", spans }],
    fix: reuseFix(callLabel(trace, call)),
    ...(suppressedBy && { suppressedBy }),
  };
}

function reuseFix(label: string): readonly string[] {
  return [
    `Run ${label} once before the loop, or at the start of the request, and hand its result on.`,
    "If functions that don't know of each other make the call, keep its promise in a Map that lives as long as the request (or in a DataLoader), by its parameters.",
    "If the answer may be some seconds old, keep it in the process for that long: then other requests are spared, too.",
  ];
}

/** Why the repeat is right, or another fault; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  { spans, endpointSpan, repeatsBesideLoops }: IdenticalCalls,
  { changes, transactionControl, busyNs }: Surroundings,
  repeatsMin: number,
): GuardId | undefined {
  const call = spans[0]!;
  const operation = operationOf(trace, call);
  if (operation !== "read") return guardByOperation[operation];
  if (isHealthCheck(endpointOf(trace, endpointSpan)) || isPing(trace, call)) return "health-check";
  if (hasEffects(trace, call) || readsNoTable(trace, call)) return "not-repeatable";
  if (isSchemaWork(trace, call, endpointSpan)) return "schema-work";
  if (spans.every((span) => trace.httpResponseStatusCode[span] === partialContent)) return "parts";
  if (isLongLived(trace, spans, endpointSpan)) return "long-lived";
  if (isAfterAnswer(trace, spans, endpointSpan)) return "after-answer";
  if (isPolling(trace, spans, busyNs)) return "polling";
  if (isPerNamespace(trace, spans, repeatsMin)) return "different-namespaces";
  if (isRetry(trace, spans, repeatsMin)) return "retry";
  const isBetween = (span: SpanIndex) => liesBetween(trace, span, spans);
  if (changes.some((equal) => touchesSame(trace, equal[0]!, call) && equal.some(isBetween))) {
    return "written-between";
  }
  if (transactionControl.some(isBetween)) return "transaction-control";
  return repeatsBesideLoops < repeatsMin ? "n-plus-one" : undefined;
}

const guardByOperation: Readonly<Record<Exclude<Operation, "read">, GuardId>> = {
  write: "write",
  "transaction-control": "transaction-control",
  cursor: "cursor",
  other: "not-a-read",
};

/** The answer to a request with a `Range`: each is another part, and the URL is the same. */
const partialContent = 206;

/** `SELECT 1`, as pools and ORMs ask before they hand out a connection. */
function isPing(trace: TraceView, call: SpanIndex): boolean {
  return /^select\s+[\s\d+?$]+(as\s+\S+)?\s*;?$/i.test(trace.dbQueryText[call]!);
}

/** Without those that failed there are too few: they were made until one succeeded. */
function isRetry(trace: TraceView, spans: readonly SpanIndex[], repeatsMin: number): boolean {
  const succeeded = spans.filter((span) => trace.statusCode[span] !== statusError);
  return (
    succeeded.length < spans.length &&
    succeeded.reduce((sum, span) => sum + trace.repeats[span]!, 0) < repeatsMin
  );
}

/** Whether the span ran after the first call had begun and before the last one ended. */
function liesBetween(trace: TraceView, span: SpanIndex, spans: readonly SpanIndex[]): boolean {
  const last = spans.at(-1)!;
  // A summary span stands for calls until its end.
  const until = trace.repeats[last]! > 1 ? trace.end[last]! : trace.start[last]!;
  return trace.end[span]! > trace.start[spans[0]!]! && trace.start[span]! < until;
}
