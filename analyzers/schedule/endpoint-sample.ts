import {
  type EndpointSampleParameters,
  type EndpointSampleRow,
  endpointSampleQuery,
} from "../../storage/queries/endpoint-sample.ts";
import type { Store } from "../../storage/store.ts";
import { type SpanIndex, spanKind, statusError, type TraceView } from "../model/trace-view.ts";
import { type EndpointKey, type EndpointWindow, toLists } from "./endpoint-window.ts";
import { readTraces } from "./read-traces.ts";
import { readBounds } from "./settled-trace.ts";
import { TraceCache } from "./trace-cache.ts";

export interface SampledTrace {
  readonly trace: TraceView;
  /** The endpoint's server span: its first, when a trace calls the endpoint more than once. */
  readonly endpointSpan: SpanIndex;
}

/** Traces that a critical path and a prediction are computed from. */
const tracesMax = 200;
const tracesAtOnce = 2_000;
/** Endpoints that are to be sampled together: so many samples are in memory at once. */
export const endpointsAtOnce = 10;
/** All of a sample is in memory at once: after the part that reaches this, no more is read. */
const sampleSpansMax = 200_000;

/** Which traces are a uniform sample of each endpoint, in the order asked for. */
export async function selectSamples(
  store: Store,
  windows: readonly EndpointWindow[],
): Promise<EndpointSampleRow[][]> {
  const picked = windows.map((): EndpointSampleRow[] => []);
  if (windows.length === 0) return picked;
  const parameters: EndpointSampleParameters = { ...toLists(windows), tracesMax };
  for (const row of await store.select<EndpointSampleRow>(endpointSampleQuery, parameters)) {
    picked[row.endpoint]!.push(row);
  }
  return picked;
}

/** Reads a uniform sample of the endpoint's traces, by time. */
export async function sampleEndpoint(
  store: Store,
  window: EndpointWindow,
): Promise<SampledTrace[]> {
  const [sample] = await sampleEndpoints(store, [window]);
  return sample!;
}

/** The same of some endpoints, in the order asked for. Traces in `cache` are not read again; what is read goes there. */
export async function sampleEndpoints(
  store: Store,
  windows: readonly EndpointWindow[],
  cache = new TraceCache(),
): Promise<SampledTrace[][]> {
  const selected = await selectSamples(store, windows);
  // Failed requests end early.
  const picked = selected.map((rows) =>
    rows.filter(({ statusCode }) => statusCode !== statusError),
  );
  const known = new Map<string, TraceView>();
  const missing = new Set<string>();
  for (const { traceId } of picked.flat()) {
    const trace = cache.get(traceId);
    if (trace) known.set(traceId, trace);
    else missing.add(traceId);
  }
  let spans = 0;
  for await (const traces of readSample(store, [...missing])) {
    for (const trace of traces) {
      known.set(trace.traceId, trace);
      cache.add(trace);
      spans += trace.size;
    }
    if (spans >= sampleSpansMax) break;
  }
  return windows.map((window, i) =>
    picked[i]!.flatMap(({ traceId }) => {
      const trace = known.get(traceId);
      const endpointSpan = trace ? findEndpointSpan(trace, window) : -1;
      return trace && endpointSpan !== -1 ? { trace, endpointSpan } : [];
    }).sort(byTime),
  );
}

function byTime({ trace: a }: SampledTrace, { trace: b }: SampledTrace): number {
  if (a.startTimeUnixNano !== b.startTimeUnixNano) {
    return a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1;
  }
  return a.traceId < b.traceId ? -1 : 1;
}

async function* readSample(store: Store, traceIds: readonly string[]) {
  const bounds = await readBounds(store, traceIds);
  // What is too large to be read was counted when it was examined.
  const limits = { tracesAtOnce, spansMax: sampleSpansMax, onTooLarge: () => undefined };
  yield* readTraces(store, [...bounds.values()], limits);
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
