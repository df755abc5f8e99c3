import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callsOfTrace } from "./calls-of-trace.ts";
import { endpointOf, endpointSpanOf } from "./endpoint-span.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** Traces with both calls from which on "always in this order" means something. */
const tracesMin = 20;
/** Calls of one shape under one parent that are told apart; what comes after them is a loop's, and looked at as one call. */
const firstsMax = 3;
/** Calls under one parent, loops counted so: of a parent with more nothing is learned, for pairs grow with the square. */
const callsMax = 24;
/** Endpoints (of one version) that are remembered, and pairs of calls of one; the oldest endpoint goes first. */
const endpointsMax = 1_000;
const pairsMax = 2_000;
/** Traces of one process with the same parameters from which on they are taken for constant. */
const constantTracesMin = 5;
/** Clocks tick coarsely; a call that begins within this before another's end waited for it. */
const allowanceNs = 1e6;

interface Pair {
  /** Traces that have both calls. */
  together: number;
  /** Of these, where the first ended before the second began. */
  ordered: number;
}

/** Parameters of one call in one process; `hash` null: they differ, or are unknown. */
interface Parameters {
  hash: string | null;
  traces: number;
}

/**
 * What many traces say about the order of an endpoint's calls. A call that always begins after another's end may need
 * its result; one counter-example, where they overlapped or stood the other way round, proves that it does not. That
 * one of them was missing proves nothing: its result may have come from a cache.
 *
 *   trace 1   |─a─|·|─b─|
 *   trace 2   |─a─|·|─b─|
 *   trace 3     |──b──|        <- seen once: b never needed a
 *              |─a─|
 *
 * Learned anew for each version of the service: a deploy may change what needs what.
 */
export class LearnedOrder {
  readonly #endpoints = new Map<string, Learned>();

  /** Learns from a trace. The same trace twice counts twice, and changes no verdict. */
  learn(trace: TraceView): void {
    for (const { endpoint, calls } of siblingCalls(trace).lists) {
      const { pairs, parameters } = this.#endpointOf(endpoint);
      for (const [i, a] of calls.entries()) {
        addParameters(
          parameters,
          `${a.key} ${trace.resourceId[a.span]}`,
          a.isLoop ? "0" : trace.paramsHash[a.span]!,
        );
        for (let j = i + 1; j < calls.length; j++) {
          const b = calls[j]!;
          // Two loops that take turns overlap as a whole, and not call by call.
          if (a.isLoop && b.isLoop) continue;
          const isOrdered = a.end - b.start <= allowanceNs;
          pairs.add(a.key, b.key, isOrdered);
          pairs.add(b.key, a.key, false);
        }
      }
    }
  }

  /** Whether `b`, which begins after `a` here, was seen to begin before its end. */
  isIndependent(trace: TraceView, a: SpanIndex, b: SpanIndex): boolean {
    const pair = this.#pairOf(trace, a, b);
    return pair !== undefined && pair.ordered < pair.together;
  }

  /** Whether `b` began after the end of `a` in every trace, of enough to say so. */
  isAlwaysAfter(trace: TraceView, a: SpanIndex, b: SpanIndex): boolean {
    const pair = this.#pairOf(trace, a, b);
    return pair !== undefined && pair.together >= tracesMin && pair.ordered === pair.together;
  }

  /** Whether the call had the same parameters whenever this process made it. */
  hasConstantParameters(trace: TraceView, call: SpanIndex): boolean {
    const place = siblingCalls(trace).placeOf.get(call);
    if (!place) return false;
    const { parameters } = this.#endpoints.get(place.endpoint) ?? {};
    const known = parameters?.get(`${place.key} ${trace.resourceId[call]}`);
    return known !== undefined && known.hash !== null && known.traces >= constantTracesMin;
  }

  #pairOf(trace: TraceView, a: SpanIndex, b: SpanIndex): Pair | undefined {
    const { placeOf } = siblingCalls(trace);
    const [from, to] = [placeOf.get(a), placeOf.get(b)];
    if (!from || !to || from.endpoint !== to.endpoint) return undefined;
    return this.#endpoints.get(from.endpoint)?.pairs.get(from.key, to.key);
  }

  #endpointOf(endpoint: string): Learned {
    let learned = this.#endpoints.get(endpoint);
    if (!learned) {
      learned = { pairs: new Pairs(), parameters: new Map() };
      if (this.#endpoints.size >= endpointsMax) {
        this.#endpoints.delete(this.#endpoints.keys().next().value!);
      }
      this.#endpoints.set(endpoint, learned);
    }
    return learned;
  }
}

interface Learned {
  readonly pairs: Pairs;
  readonly parameters: Map<string, Parameters>;
}

function addParameters(known: Map<string, Parameters>, key: string, seen: string): void {
  const hash = seen === "0" ? null : seen;
  const parameters = known.get(key);
  if (parameters) {
    parameters.traces++;
    if (parameters.hash !== hash) parameters.hash = null;
  } else if (known.size < pairsMax) {
    known.set(key, { hash, traces: 1 });
  }
}

/** Pairs of calls by the names of both, at most `pairsMax`. */
class Pairs {
  readonly #byFirst = new Map<string, Map<string, Pair>>();
  #size = 0;

  get(first: string, second: string): Pair | undefined {
    return this.#byFirst.get(first)?.get(second);
  }

  add(first: string, second: string, isOrdered: boolean): void {
    let ofFirst = this.#byFirst.get(first);
    const pair = ofFirst?.get(second);
    if (pair) {
      pair.together++;
      if (isOrdered) pair.ordered++;
      return;
    }
    if (this.#size >= pairsMax) return;
    this.#size++;
    if (!ofFirst) {
      ofFirst = new Map();
      this.#byFirst.set(first, ofFirst);
    }
    ofFirst.set(second, { together: 1, ordered: isOrdered ? 1 : 0 });
  }
}

interface SiblingCall {
  readonly span: SpanIndex;
  /** Names the call in every trace: its parent, its shape, and which of its shape it is. */
  readonly key: string;
  /** All calls of the shape but the first ones, from the start of the first of them to the end of the last. */
  readonly isLoop: boolean;
  readonly start: number;
  readonly end: number;
}

interface SiblingCalls {
  /** Calls long enough to tell an order, by start. */
  readonly lists: readonly { readonly endpoint: string; readonly calls: readonly SiblingCall[] }[];
  readonly placeOf: ReadonlyMap<SpanIndex, { readonly endpoint: string; readonly key: string }>;
}

/** The calls under each logical parent that has between two and `callsMax` of them, with the names of all traces. */
const siblingCalls = oncePerTrace((trace): SiblingCalls => {
  const { calls: all, parents } = callsOfTrace(trace);
  const lists: { endpoint: string; calls: SiblingCall[] }[] = [];
  const placeOf = new Map<SpanIndex, { endpoint: string; key: string }>();
  for (const [parent, spans] of Map.groupBy(all, (span) => parents[span]!)) {
    if (parent === -1 || spans.length < 2) continue;
    const keys = keysOf(trace, parent, spans);
    const groups = Map.groupBy(spans, (span) => keys.get(span)!);
    if (groups.size > callsMax) continue;
    const endpoint = endpointKey(trace, endpointSpanOf(trace, spans[0]!));
    for (const [span, key] of keys) placeOf.set(span, { endpoint, key });
    // What is shorter than the allowance tells no order, and pairs are many.
    const calls = [...groups]
      .map(([key, group]) => toSiblingCall(trace, key, group))
      .filter(({ start, end }) => end - start >= allowanceNs);
    if (calls.length > 1) lists.push({ endpoint, calls });
  }
  return { lists, placeOf };
});

function keysOf(
  trace: TraceView,
  parent: SpanIndex,
  spans: readonly SpanIndex[],
): Map<SpanIndex, string> {
  const seen = new Map<string, number>();
  const keys = new Map<SpanIndex, string>();
  for (const span of spans) {
    const shape = trace.shapeId[span]!;
    const nth = (seen.get(shape) ?? 0) + 1;
    seen.set(shape, nth);
    // A summary span is many calls, the first ones of which went before it.
    const isFirst = nth <= firstsMax && trace.repeats[span] === 1;
    const which = isFirst ? String(nth) : "later";
    keys.set(span, `${trace.name[parent]} ${shape}#${which}`);
  }
  return keys;
}

function toSiblingCall(trace: TraceView, key: string, group: readonly SpanIndex[]): SiblingCall {
  return {
    span: group[0]!,
    key,
    isLoop: group.length > 1 || trace.repeats[group[0]!]! > 1,
    start: trace.start[group[0]!]!,
    end: group.reduce((last, span) => Math.max(last, trace.end[span]!), 0),
  };
}

function endpointKey(trace: TraceView, span: SpanIndex): string {
  const { method, route } = endpointOf(trace, span);
  return [
    trace.service[span],
    trace.environment[span],
    trace.serviceVersion[span],
    method,
    route,
  ].join("\n");
}
