import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callsByParent } from "./calls-of-trace.ts";
import { endpointOf, endpointSpanOf } from "./endpoint-span.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { PairMap } from "./pair-map.ts";
import { callKey, type SiblingCall, siblingCalls } from "./sibling-calls.ts";

/** Traces with both calls from which on "always in this order" means something. */
const tracesMin = 20;
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
  readonly #changed = new Set<string>();

  /** Learns from a trace. The same trace twice counts twice, and changes no verdict. */
  learn(trace: TraceView): void {
    for (const [parent, spans] of callsByParent(trace)) {
      if (parent === -1 || spans.length < 2) continue;
      const calls = siblingCalls(trace, spans)?.calls.filter(isLongEnough);
      if (!calls || calls.length < 2) continue;
      const endpoint = endpointKey(trace, spans[0]!);
      this.#changed.add(endpoint);
      this.#learnFrom(trace, parent, calls, this.#endpointOf(endpoint));
    }
  }

  /** What is known by now of each endpoint that was learned about since this was asked last, for `restore`. */
  takeChanged(): { readonly endpoint: string; readonly body: string }[] {
    const changed = [...this.#changed].flatMap((endpoint) => {
      const learned = this.#endpoints.get(endpoint);
      return learned ? { endpoint, body: toBody(learned) } : [];
    });
    this.#changed.clear();
    return changed;
  }

  /** Takes over what was learned of an endpoint before; to be called before anything is learned. */
  restore(endpoint: string, body: string): void {
    const { pairs, parameters } = this.#endpointOf(endpoint);
    const known = JSON.parse(body) as LearnedBody;
    for (const [first, second, together, ordered] of known.pairs) {
      pairs.add(first, second, { together, ordered });
    }
    for (const [call, process, hash, traces] of known.parameters) {
      parameters.add(call, process, { hash, traces });
    }
  }

  #learnFrom(
    trace: TraceView,
    parent: SpanIndex,
    calls: readonly SiblingCall[],
    { pairs, parameters }: Learned,
  ): void {
    const keys = calls.map((call) => callKey(trace, parent, call));
    for (const [i, a] of calls.entries()) {
      const hash = a.isLoop ? "0" : trace.paramsHash[a.span]!;
      addParameters(parameters, keys[i]!, trace.resourceId[a.span]!, hash);
      for (let j = i + 1; j < calls.length; j++) {
        const b = calls[j]!;
        // Two loops that take turns overlap as a whole, and not call by call.
        if (a.isLoop && b.isLoop) continue;
        const isOrdered = a.end - b.start <= allowanceNs;
        addPair(pairs, keys[i]!, keys[j]!, isOrdered);
        addPair(pairs, keys[j]!, keys[i]!, false);
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
    const place = placesOf(trace).get(call);
    if (!place) return false;
    const { parameters } = this.#endpoints.get(place.endpoint) ?? {};
    const known = parameters?.get(place.key, trace.resourceId[call]!);
    return known !== undefined && known.hash !== null && known.traces >= constantTracesMin;
  }

  #pairOf(trace: TraceView, a: SpanIndex, b: SpanIndex): Pair | undefined {
    const places = placesOf(trace);
    const [from, to] = [places.get(a), places.get(b)];
    if (!from || !to || from.endpoint !== to.endpoint) return undefined;
    return this.#endpoints.get(from.endpoint)?.pairs.get(from.key, to.key);
  }

  #endpointOf(endpoint: string): Learned {
    let learned = this.#endpoints.get(endpoint);
    if (!learned) {
      learned = { pairs: new PairMap(pairsMax), parameters: new PairMap(pairsMax) };
      if (this.#endpoints.size >= endpointsMax) {
        this.#endpoints.delete(this.#endpoints.keys().next().value!);
      }
      this.#endpoints.set(endpoint, learned);
    }
    return learned;
  }
}

interface Learned {
  /** By the names of both calls. */
  readonly pairs: PairMap<Pair>;
  /** By the name of the call, and its process. */
  readonly parameters: PairMap<Parameters>;
}

/** Plain JSON; raise `learnedVersion` when calls are named or counted in another way. */
interface LearnedBody {
  readonly pairs: readonly (readonly [
    first: string,
    second: string,
    together: number,
    ordered: number,
  ])[];
  readonly parameters: readonly (readonly [
    call: string,
    process: string,
    hash: string | null,
    traces: number,
  ])[];
}

export const learnedVersion = 1;

function toBody({ pairs, parameters }: Learned): string {
  const body: LearnedBody = {
    pairs: Array.from(pairs.entries(), ([first, second, { together, ordered }]) => [
      first,
      second,
      together,
      ordered,
    ]),
    parameters: Array.from(parameters.entries(), ([call, process, { hash, traces }]) => [
      call,
      process,
      hash,
      traces,
    ]),
  };
  return JSON.stringify(body);
}

function addPair(pairs: PairMap<Pair>, first: string, second: string, isOrdered: boolean): void {
  const pair = pairs.get(first, second);
  if (!pair) pairs.add(first, second, { together: 1, ordered: isOrdered ? 1 : 0 });
  else {
    pair.together++;
    if (isOrdered) pair.ordered++;
  }
}

function addParameters(
  all: PairMap<Parameters>,
  call: string,
  process: string,
  paramsHash: string,
): void {
  const hash = paramsHash === "0" ? null : paramsHash;
  const known = all.get(call, process);
  if (!known) all.add(call, process, { hash, traces: 1 });
  else {
    known.traces++;
    if (known.hash !== hash) known.hash = null;
  }
}

/** What is shorter than the allowance tells no order, and pairs are many. */
function isLongEnough({ start, end }: SiblingCall): boolean {
  return end - start >= allowanceNs;
}

interface Place {
  readonly endpoint: string;
  readonly key: string;
}

/** The names that calls have in every trace, and their endpoint's. */
const placesOf = oncePerTrace((trace): ReadonlyMap<SpanIndex, Place> => {
  const placeOf = new Map<SpanIndex, Place>();
  for (const [parent, spans] of callsByParent(trace)) {
    const siblings = parent === -1 || spans.length < 2 ? null : siblingCalls(trace, spans);
    if (!siblings) continue;
    const endpoint = endpointKey(trace, spans[0]!);
    const keys = siblings.calls.map((call) => callKey(trace, parent, call));
    for (const [i, span] of spans.entries()) {
      placeOf.set(span, { endpoint, key: keys[siblings.places[i]!]! });
    }
  }
  return placeOf;
});

function endpointKey(trace: TraceView, call: SpanIndex): string {
  const span = endpointSpanOf(trace, call);
  const { method, route } = endpointOf(trace, span);
  return [
    trace.service[span],
    trace.environment[span],
    trace.serviceVersion[span],
    method,
    route,
  ].join("\n");
}
