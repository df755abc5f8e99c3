import {
  type EndpointSampleParameters,
  type EndpointSampleRow,
  endpointSampleQuery,
} from "../../storage/queries/endpoint-sample.ts";
import type { Store } from "../../storage/store.ts";
import { type SpanIndex, spanKind, statusError, type TraceView } from "../model/trace-view.ts";
import { coverAll, readTraces } from "./read-traces.ts";

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
const tracesAtOnce = 50;
/** All of the sample is in memory at once: after the part that reaches this, no more is read. */
const sampleSpansMax = 200_000;

/** Reads a uniform sample of the endpoint's traces in [fromS, toS). Failed requests are left out: they end early. */
export async function sampleEndpoint(
  store: Store,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
): Promise<SampledTrace[]> {
  const parameters: EndpointSampleParameters = { ...endpoint, ...window, tracesMax };
  const rows = await store.select<EndpointSampleRow>(endpointSampleQuery, parameters);
  // By time, so that one read covers few hours: that is how spans are stored.
  const sound = rows
    .filter(({ statusCode }) => statusCode !== statusError)
    .sort((a, b) => a.fromS - b.fromS);
  const sample: SampledTrace[] = [];
  let spans = 0;
  for (let at = 0; at < sound.length && spans < sampleSpansMax; at += tracesAtOnce) {
    const part = sound.slice(at, at + tracesAtOnce);
    const ids = part.map(({ traceId }) => traceId);
    // What is too large to be read was counted when it was examined.
    const limits = { tracesAtOnce, spansMax: sampleSpansMax, onTooLarge: () => undefined };
    for await (const traces of readTraces(store, ids, coverAll(part), limits)) {
      for (const trace of traces) {
        const endpointSpan = findEndpointSpan(trace, endpoint);
        if (endpointSpan !== -1) sample.push({ trace, endpointSpan });
        spans += trace.size;
      }
      if (spans >= sampleSpansMax) break;
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
