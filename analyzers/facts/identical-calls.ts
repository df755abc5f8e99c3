import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callKindOf, takesParameters } from "./call-template.ts";
import { endpointSpanOf } from "./endpoint-span.ts";
import { KeyTable } from "./key-table.ts";
import { countRepeats, type RepeatedCalls, repeatedCalls } from "./repeated-calls.ts";

/** Calls of one shape with the same parameters, by one service for one request, wherever in it they are made. */
export interface IdenticalCalls {
  readonly endpointSpan: SpanIndex;
  /** By start. */
  readonly spans: readonly SpanIndex[];
  /** Σ repeats. */
  readonly repeats: number;
  /** Calls that would be left if each loop over different parameters became one call. */
  readonly repeatsBesideLoops: number;
}

/**
 * Queries and HTTP requests that were made at least `repeatsMin` times with the same parameters for the same request. A call
 * whose parameters are not known for sure is in none of them. By start of the first call.
 */
export function identicalCalls(trace: TraceView, repeatsMin: number): IdenticalCalls[] {
  return [...groupsOf(trace, repeatsMin).values()]
    .map((group) => ({
      ...group,
      spans: group.spans.sort((a, b) => a - b),
      repeats: countRepeats(trace, group.spans),
    }))
    .filter(({ repeats }) => repeats >= repeatsMin)
    .sort((a, b) => a.spans[0]! - b.spans[0]!);
}

function groupsOf(trace: TraceView, repeatsMin: number): Map<string, IdenticalGroup> {
  const groups = new Map<string, IdenticalGroup>();
  // A call that is a root has no request.
  const all = repeatedCalls(trace, 1, isComparable).filter((calls) => calls.logicalParent !== -1);
  for (const calls of all.length > 0 ? oftenEnough(trace, all, repeatsMin) : []) {
    addCalls(trace, calls, groups);
  }
  return groups;
}

const shapesOfRequests = new KeyTable();

/** Without those of a shape that its request has too few calls of, whatever their parameters are. */
function oftenEnough(
  trace: TraceView,
  all: readonly RepeatedCalls[],
  repeatsMin: number,
): RepeatedCalls[] {
  const shapes = trace.codes("shapeId");
  shapesOfRequests.reset(all.length);
  const places = all.map(({ spans: [first] }) =>
    shapesOfRequests.numberOf(endpointSpanOf(trace, first!), shapes[first!]!, 0),
  );
  const repeats = new Float64Array(shapesOfRequests.size);
  for (const [i, calls] of all.entries()) repeats[places[i]!]! += calls.repeats;
  return all.filter((_, i) => repeats[places[i]!]! >= repeatsMin);
}

function addCalls(trace: TraceView, calls: RepeatedCalls, groups: Map<string, IdenticalGroup>) {
  const endpointSpan = endpointSpanOf(trace, calls.spans[0]!);
  const isLoop = isLoopOverRows(calls);
  for (const [params, spans] of Map.groupBy(calls.spans, (span) => exactParams(trace, span))) {
    if (params === null) continue;
    const key = `${endpointSpan} ${calls.shapeId} ${params}`;
    const group = groups.get(key) ?? { endpointSpan, spans: [], repeatsBesideLoops: 0 };
    for (const span of spans) group.spans.push(span);
    group.repeatsBesideLoops += isLoop ? 1 : countRepeats(trace, spans);
    groups.set(key, group);
  }
}

interface IdenticalGroup {
  readonly endpointSpan: SpanIndex;
  readonly spans: SpanIndex[];
  repeatsBesideLoops: number;
}

/** From so many calls on, of which so many have parameters of their own, a loop loads rows: another fault. */
const loopRepeatsMin = 5;
const loopDistinctShareMin = 0.8;

function isLoopOverRows({ repeats, distinctParams }: RepeatedCalls): boolean {
  return (
    repeats >= loopRepeatsMin &&
    distinctParams !== null &&
    distinctParams >= repeats * loopDistinctShareMin
  );
}

const truncated = /(…|\.\.\.)$/;
const sqlRead = /^(select|with|show|table)\b/i;

function isComparable(trace: TraceView, span: SpanIndex): boolean {
  const kind = callKindOf(trace, span);
  return kind === "database" || kind === "http";
}

/** What tells calls of one shape apart; null: not known, or not exactly. */
function exactParams(trace: TraceView, span: SpanIndex): string | null {
  const text = trace.dbQueryText[span]!;
  const isQuery = trace.dbSystemName[span] !== "";
  if (isQuery && (text === "" || truncated.test(text))) return null;
  if (trace.repeats[span]! > 1 && trace.repeatDistinctParams[span] !== 1) return null;
  if (trace.paramsHash[span] !== "0") return trace.paramsHash[span]!;
  return sqlRead.test(text) && !takesParameters(trace, span) ? "" : null;
}
