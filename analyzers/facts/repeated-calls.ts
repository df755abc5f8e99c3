import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { isDatabaseCall, operationOf, takesParameters } from "./call-template.ts";
import { type CallsOfTrace, callsOfTrace } from "./calls-of-trace.ts";
import { sumNs, unionNs } from "./interval-union.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** Calls of one shape, by one service, under one logical parent. */
export interface RepeatedCalls {
  readonly shapeId: string;
  /** -1 when the calls are roots themselves. */
  readonly logicalParent: SpanIndex;
  /** By start. */
  readonly spans: readonly SpanIndex[];
  /** Σ repeats. */
  readonly repeats: number;
  /** Calls with parameters of their own; null when that is not known. */
  readonly distinctParams: number | null;
  /** One after the other, all at once, or some of both. */
  readonly mode: "sequential" | "concurrent" | "mixed";
  /** The query whose rows are walked: it ended before the calls began and returned as many rows as there are calls. */
  readonly driver: SpanIndex | null;
}

/**
 * Calls that repeat at least `repeatsMin` times: those of databases, or all that `isWanted`. Neighbourhood and order
 * mean nothing: other calls may lie between, and the calls may overlap. By start of the first call.
 */
export function repeatedCalls(
  trace: TraceView,
  repeatsMin: number,
  isWanted: (trace: TraceView, span: SpanIndex) => boolean = isDatabaseCall,
): RepeatedCalls[] {
  const all = callsOfTrace(trace);
  return callGroups(trace).flatMap((spans) => {
    if (!isWanted(trace, spans[0]!)) return [];
    const repeats = countRepeats(trace, spans);
    if (repeats < repeatsMin) return [];
    return {
      shapeId: trace.shapeId[spans[0]!]!,
      logicalParent: all.parents[spans[0]!]!,
      spans,
      repeats,
      distinctParams: countDistinctParams(trace, spans, repeats),
      mode: modeOf(trace, spans),
      // Looked for when it is asked for: most groups are none of a loop.
      get driver() {
        return findDriver(trace, all, spans, repeats);
      },
    };
  });
}

/** All calls, those of one shape by one service under one logical parent together; each group by start. */
export const callGroups = oncePerTrace((trace): readonly (readonly SpanIndex[])[] => {
  const { parents, calls } = callsOfTrace(trace);
  const groups = new Map<string, SpanIndex[]>();
  for (const span of calls) {
    const key = `${parents[span]} ${trace.shapeId[span]} ${trace.service[span]}`;
    const group = groups.get(key);
    if (group) group.push(span);
    else groups.set(key, [span]);
  }
  return [...groups.values()];
});

export function countRepeats(trace: TraceView, spans: readonly SpanIndex[]): number {
  return spans.reduce((sum, span) => sum + trace.repeats[span]!, 0);
}

function countDistinctParams(
  trace: TraceView,
  spans: readonly SpanIndex[],
  repeats: number,
): number | null {
  if (!takesParameters(trace, spans[0]!)) return 1;
  const hashes = new Set<string>();
  let inSummaries = 0;
  for (const span of spans) {
    const distinct = trace.repeats[span]! > 1 ? trace.repeatDistinctParams[span]! : 1;
    if (distinct !== 1) {
      if (distinct === 0) return null;
      inSummaries += distinct;
    } else {
      if (trace.paramsHash[span] === "0") return null;
      hashes.add(trace.paramsHash[span]!);
    }
  }
  return Math.min(repeats, hashes.size + inSummaries);
}

function modeOf(trace: TraceView, spans: readonly SpanIndex[]): RepeatedCalls["mode"] {
  const share = unionNs(trace, spans) / sumNs(trace, spans);
  if (share <= 0.5) return "concurrent";
  return share < 0.9 ? "mixed" : "sequential";
}

/** Calls before the first repeat, and levels above it, that a driver is looked for in. */
const driverCallsMax = 200;
const driverLevelsMax = 16;

function findDriver(
  trace: TraceView,
  { parents, calls, placeOf }: CallsOfTrace,
  spans: readonly SpanIndex[],
  repeats: number,
): SpanIndex | null {
  const first = spans[0]!;
  const above = new Set<SpanIndex>();
  for (let at = parents[first]!; at !== -1 && above.size < driverLevelsMax; at = parents[at]!) {
    above.add(at);
  }
  const isDriver = (call: SpanIndex) =>
    trace.end[call]! <= trace.start[first]! &&
    above.has(parents[call]!) &&
    Math.abs(trace.returnedRows[call]! - repeats) <= repeats / 10 &&
    trace.shapeId[call] !== trace.shapeId[first] &&
    operationOf(trace, call) === "read";
  const at = placeOf.get(first)!;
  const drivers = calls.slice(Math.max(0, at - driverCallsMax), at).filter(isDriver);
  return drivers.length === 0
    ? null
    : drivers.reduce((a, b) => (trace.end[b]! >= trace.end[a]! ? b : a));
}
