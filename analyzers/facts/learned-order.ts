import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callsOfTrace } from "./calls-of-trace.ts";
import { endpointOf, endpointSpanOf } from "./endpoint-span.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** Traces with both calls from which on "always in this order" means something. */
const tracesMin = 20;
/** Calls under one parent that are told apart: beyond, they are a loop, and pairs grow with the square. */
const callsMax = 24;
/** Endpoints (of one version) that are remembered, and pairs of calls of one; the oldest endpoint goes first. */
const endpointsMax = 1_000;
const pairsMax = 2_000;
/** Clocks tick coarsely; a call that begins within this before another's end waited for it. */
const allowanceNs = 1e6;

interface Pair {
  /** Traces that have both calls. */
  together: number;
  /** Of these, where the first ended before the second began. */
  ordered: number;
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
  readonly #endpoints = new Map<string, Map<string, Pair>>();

  /** Learns from a trace. The same trace twice counts twice, and changes no verdict. */
  learn(trace: TraceView): void {
    for (const { endpoint, calls } of siblingCalls(trace).lists) {
      for (const [i, a] of calls.entries()) {
        for (const b of calls.slice(i + 1)) {
          this.#count(endpoint, a.key, b.key, trace.end[a.span]! - trace.start[b.span]!);
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

  #pairOf(trace: TraceView, a: SpanIndex, b: SpanIndex): Pair | undefined {
    const { placeOf } = siblingCalls(trace);
    const [from, to] = [placeOf.get(a), placeOf.get(b)];
    if (!from || !to || from.endpoint !== to.endpoint) return undefined;
    return this.#endpoints.get(from.endpoint)?.get(`${from.key} > ${to.key}`);
  }

  /** `overlapNs`: by how much `a`, which began first, outlasts the start of `b`. */
  #count(endpoint: string, a: string, b: string, overlapNs: number): void {
    let pairs = this.#endpoints.get(endpoint);
    if (!pairs) {
      pairs = new Map();
      if (this.#endpoints.size >= endpointsMax) {
        this.#endpoints.delete(this.#endpoints.keys().next().value!);
      }
      this.#endpoints.set(endpoint, pairs);
    }
    add(pairs, `${a} > ${b}`, overlapNs <= allowanceNs);
    add(pairs, `${b} > ${a}`, false);
  }
}

function add(pairs: Map<string, Pair>, key: string, isOrdered: boolean): void {
  const pair = pairs.get(key);
  if (pair) {
    pair.together++;
    if (isOrdered) pair.ordered++;
  } else if (pairs.size < pairsMax) {
    pairs.set(key, { together: 1, ordered: isOrdered ? 1 : 0 });
  }
}

interface SiblingCall {
  readonly span: SpanIndex;
  /** Names the call in every trace: its parent, its shape, and which of its shape it is. */
  readonly key: string;
}

interface SiblingCalls {
  readonly lists: readonly { readonly endpoint: string; readonly calls: readonly SiblingCall[] }[];
  readonly placeOf: ReadonlyMap<SpanIndex, { readonly endpoint: string; readonly key: string }>;
}

/** The calls under each logical parent that has between two and `callsMax` of them, with the names of all traces. */
const siblingCalls = oncePerTrace((trace): SiblingCalls => {
  const { calls, parents } = callsOfTrace(trace);
  const lists: { endpoint: string; calls: SiblingCall[] }[] = [];
  const placeOf = new Map<SpanIndex, { endpoint: string; key: string }>();
  for (const [parent, spans] of Map.groupBy(calls, (span) => parents[span]!)) {
    if (parent === -1 || spans.length < 2 || spans.length > callsMax) continue;
    const endpoint = endpointKey(trace, endpointSpanOf(trace, spans[0]!));
    const seen = new Map<string, number>();
    const named = spans.map((span) => {
      const shape = trace.shapeId[span]!;
      const nth = (seen.get(shape) ?? 0) + 1;
      seen.set(shape, nth);
      const key = `${trace.name[parent]} ${shape}#${nth}`;
      placeOf.set(span, { endpoint, key });
      return { span, key };
    });
    lists.push({ endpoint, calls: named });
  }
  return { lists, placeOf };
});

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
