import {
  type EndpointSampleParameters,
  type EndpointSampleRow,
  endpointSampleQuery,
} from "../../storage/queries/endpoint-sample.ts";
import type { Store } from "../../storage/store.ts";
import { type SpanIndex, spanKind, statusError, type TraceView } from "../model/trace-view.ts";
import { coverAll, readTraces } from "./read-traces.ts";
import { TraceCache } from "./trace-cache.ts";

/** An endpoint of one service, in one environment. */
export interface EndpointKey {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
}

export interface SampledTrace {
  readonly trace: TraceView;
  /** The endpoint's server span: its first, when a trace calls the endpoint more than once. */
  readonly endpointSpan: SpanIndex;
}

/** Traces that a critical path and a prediction are computed from. */
const tracesMax = 200;
const tracesAtOnce = 200;
/** All of the sample is in memory at once: after the part that reaches this, no more is read. */
const sampleSpansMax = 200_000;

/**
 * Reads a uniform sample of the endpoint's traces in [fromS, toS), by time. Failed requests are left out: they end early. What is in
 * `cache` is not read again.
 */
export async function sampleEndpoint(
  store: Store,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
  cache = new TraceCache(),
): Promise<SampledTrace[]> {
  const { service, environment, method, route } = endpoint;
  const { fromS, toS } = window;
  const parameters: EndpointSampleParameters = {
    service,
    environment,
    method,
    route,
    fromS,
    toS,
    tracesMax,
  };
  const rows = await store.select<EndpointSampleRow>(endpointSampleQuery, parameters);
  const sound = rows.filter(({ statusCode }) => statusCode !== statusError);
  const sample: SampledTrace[] = [];
  let spans = 0;
  const add = (trace: TraceView) => {
    const endpointSpan = findEndpointSpan(trace, endpoint);
    if (endpointSpan !== -1) sample.push({ trace, endpointSpan });
    spans += trace.size;
  };
  const missing = sound.filter(({ traceId }) => {
    const known = cache.get(traceId);
    if (known) add(known);
    return !known;
  });
  for await (const traces of readSample(store, missing)) {
    for (const trace of traces) {
      add(trace);
      cache.add(trace);
    }
    if (spans >= sampleSpansMax) break;
  }
  // Whatever was in the cache: an equal sample is in equal order, and so is what is drawn from it.
  return sample.sort(byTime);
}

function byTime({ trace: a }: SampledTrace, { trace: b }: SampledTrace): number {
  if (a.startTimeUnixNano !== b.startTimeUnixNano) {
    return a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1;
  }
  return a.traceId < b.traceId ? -1 : 1;
}

/** In order of the trace id, as spans are stored; what lies within few hours together, so that a read covers few. */
async function* readSample(store: Store, rows: readonly EndpointSampleRow[]) {
  const byHour = Map.groupBy(rows, ({ fromS }) => Math.floor(fromS / 3600));
  for (const ofHour of byHour.values()) {
    const ids = ofHour.map(({ traceId }) => traceId).sort();
    // What is too large to be read was counted when it was examined.
    const limits = { tracesAtOnce, spansMax: sampleSpansMax, onTooLarge: () => undefined };
    yield* readTraces(store, ids, coverAll(ofHour), limits);
  }
}
function findEndpointSpan(
  trace: TraceView,
  { service, environment, method, route }: EndpointKey,
): SpanIndex {
  for (let span = 0; span < trace.size; span++) {
    if (
      trace.kind[span] === spanKind.server &&
      trace.service[span] === service &&
      trace.environment[span] === environment &&
      trace.httpRequestMethod[span] === method &&
      trace.httpRoute[span] === route
    ) {
      return span;
    }
  }
  return -1;
}
