import {
  type EndpointSampleParameters,
  type EndpointSampleRow,
  endpointSampleQuery,
} from "../../storage/queries/endpoint-sample.ts";
import type { Store } from "../../storage/store.ts";
import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { readTraces } from "./read-traces.ts";

/** An endpoint of one service, in one environment. */
export interface EndpointKey {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
}

export interface SampledTrace {
  readonly trace: TraceView;
  /** The endpoint's server span. */
  readonly endpointSpan: SpanIndex;
}

/** Traces that a critical path and a prediction are computed from. */
const tracesMax = 200;
/** Spans of the sample that are in memory at once are bounded by reading this many traces at a time. */
const tracesAtOnce = 50;

/** Reads a uniform sample of the endpoint's traces in [fromS, toS). Failed requests are left out: they end early. */
export async function sampleEndpoint(
  store: Store,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
): Promise<SampledTrace[]> {
  const parameters: EndpointSampleParameters = { ...endpoint, ...window, tracesMax };
  const rows = await store.select<EndpointSampleRow>(endpointSampleQuery, parameters);
  const sound = rows.filter(({ statusCode }) => statusCode !== 2);
  const sample: SampledTrace[] = [];
  for (let at = 0; at < sound.length; at += tracesAtOnce) {
    const part = sound.slice(at, at + tracesAtOnce);
    const range = {
      fromS: Math.min(...part.map(({ fromS }) => fromS)),
      toS: Math.max(...part.map(({ toS }) => toS)),
    };
    const ids = part.map(({ traceId }) => traceId);
    for (const trace of await readTraces(store, ids, range)) {
      const endpointSpan = findEndpointSpan(trace, endpoint);
      if (endpointSpan !== -1) sample.push({ trace, endpointSpan });
    }
  }
  return sample;
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
