import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { isDatabaseCall, operationOf, takesParameters } from "./call-template.ts";
import { type CallsOfTrace, callsOfTrace } from "./calls-of-trace.ts";
import { sumNs, unionNs } from "./interval-union.ts";
import { KeyTable } from "./key-table.ts";
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
  const found: RepeatedCalls[] = [];
  for (const spans of callGroups(trace)) {
    const repeats = countRepeats(trace, spans);
    if (repeats >= repeatsMin && isWanted(trace, spans[0]!)) {
      found.push(new Repeated(trace, spans, repeats));
    }
  }
  return found;
}

/** What takes time to be told is told when it is asked for: most groups are none of a loop. */
class Repeated implements RepeatedCalls {
  readonly spans: readonly SpanIndex[];
  readonly repeats: number;
  readonly #trace: TraceView;
  #distinctParams: number | null | undefined;
  #mode: RepeatedCalls["mode"] | undefined;
  #driver: SpanIndex | null | undefined;

  constructor(trace: TraceView, spans: readonly SpanIndex[], repeats: number) {
    this.spans = spans;
    this.repeats = repeats;
    this.#trace = trace;
  }

  get shapeId(): string {
    return this.#trace.shapeId[this.spans[0]!]!;
  }

  get logicalParent(): SpanIndex {
    return callsOfTrace(this.#trace).parents[this.spans[0]!]!;
  }

  get distinctParams(): number | null {
    if (this.#distinctParams === undefined) {
      this.#distinctParams = countDistinctParams(this.#trace, this.spans, this.repeats);
    }
    return this.#distinctParams;
  }

  get mode(): RepeatedCalls["mode"] {
    this.#mode ??= modeOf(this.#trace, this.spans);
    return this.#mode;
  }

  get driver(): SpanIndex | null {
    if (this.#driver === undefined) {
      this.#driver = findDriver(this.#trace, callsOfTrace(this.#trace), this.spans, this.repeats);
    }
    return this.#driver;
  }
}

const groupKeys = new KeyTable();

/** All calls, those of one shape by one service under one logical parent together; each group by start. */
export const callGroups = oncePerTrace((trace): readonly (readonly SpanIndex[])[] => {
  const { parents, calls } = callsOfTrace(trace);
  if (calls.length === 0) return [];
  const shapes = trace.codes("shapeId");
  const services = trace.codes("service");
  groupKeys.reset(calls.length);
  const groups: SpanIndex[][] = [];
  for (const span of calls) {
    const number = groupKeys.numberOf(parents[span]!, shapes[span]!, services[span]!);
    if (number === groups.length) groups.push([span]);
    else groups[number]!.push(span);
  }
  return groups;
});

export function countRepeats(trace: TraceView, spans: readonly SpanIndex[]): number {
  const { repeats } = trace;
  let sum = 0;
  for (let i = 0; i < spans.length; i++) sum += repeats[spans[i]!]!;
  return sum;
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
  { parents, calls }: CallsOfTrace,
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
  const at = placeIn(calls, first);
  const drivers = calls.slice(Math.max(0, at - driverCallsMax), at).filter(isDriver);
  return drivers.length === 0
    ? null
    : drivers.reduce((a, b) => (trace.end[b]! >= trace.end[a]! ? b : a));
}

/** By halving: calls are in order of their index. */
function placeIn(calls: readonly SpanIndex[], call: SpanIndex): number {
  let from = 0;
  let to = calls.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (calls[middle]! < call) from = middle + 1;
    else to = middle;
  }
  return from;
}
