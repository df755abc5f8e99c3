import type { GuardId } from "../detector.ts";
import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { endpointOf, isHealthCheck } from "./endpoint-span.ts";
import { unionNs } from "./interval-union.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { countRepeats } from "./repeated-calls.ts";

/** A request that takes longer than this is no request: a stream, a worker, a schedule. */
export const requestMaxNs = 60e9;
/** Calls that fill less of their time than this wait for something else between them. */
const busyShareMin = 0.1;
/** Calls that follow each other faster than this don't wait for anybody outside. */
const pauseMinNs = 50e6;
/** Whoever polls pauses at least so long after each answer, and never more than twice as long as another time. */
const pollPauseMinNs = 100e6;
const pollPauseRatioMax = 2;

/** Why nothing in this request is worth a finding; undefined: it may be. */
export function requestGuardOf(
  trace: TraceView,
  spans: readonly SpanIndex[],
  endpointSpan: SpanIndex,
): GuardId | undefined {
  if (isHealthCheck(endpointOf(trace, endpointSpan))) return "health-check";
  return isLongLived(trace, spans, endpointSpan) ? "long-lived" : undefined;
}

/** The answer that makes a connection of a request, such as a WebSocket's. */
const switchingProtocols = 101;

/**
 * More than a minute: a worker or a schedule has many units of work in one span, and a stream polls. Only a request
 * whose calls follow each other closely is a slow request. A connection that a request became has many, however long it is.
 */
export function isLongLived(
  trace: TraceView,
  spans: readonly SpanIndex[],
  endpointSpan: SpanIndex,
): boolean {
  if (trace.httpResponseStatusCode[endpointSpan] === switchingProtocols) return true;
  if (trace.end[endpointSpan]! - trace.start[endpointSpan]! <= requestMaxNs) return false;
  if (trace.kind[endpointSpan] !== spanKind.server) return true;
  const end = spans.reduce((latest, span) => Math.max(latest, trace.end[span]!), 0);
  return unionNs(trace, spans) < (end - trace.start[spans[0]!]!) * busyShareMin;
}

/**
 * Most of the calls begin when the request is answered: they are work that nobody waits for, or another request's, made in
 * this one's context. Some instrumentations run a query that waited for a connection in the context of whoever gave it back:
 *
 *   GET /a   |────────|
 *     SELECT   |─────||─────||─────||─────|      each but the first is another request's
 */
export function isAfterAnswer(
  trace: TraceView,
  spans: readonly SpanIndex[],
  endpointSpan: SpanIndex,
): boolean {
  const answered = trace.end[endpointSpan]!;
  const after = spans.filter(
    (span) =>
      trace.start[span]! >= answered && trace.resourceId[span] === trace.resourceId[endpointSpan],
  );
  return countRepeats(trace, after) > countRepeats(trace, spans) / 2;
}

/**
 * Whether calls wait for something that the trace does not show: the next turn of a poll, the next row of a stream.
 *
 *   |─|··········|─|··········|─|      long pauses, and nothing else runs in them
 *
 * `busyNs` from `busyNsBefore`.
 */
export function isPaced(
  trace: TraceView,
  spans: readonly SpanIndex[],
  busyNs: Float64Array,
): boolean {
  const [first, last] = [spans[0]!, spans.at(-1)!];
  const windowNs = trace.start[last]! - trace.start[first]!;
  if (windowNs < pauseMinNs * (spans.length - 1)) return false;
  return busyNs[last]! - busyNs[first]! < windowNs * busyShareMin;
}

/** Asking until it is done: nothing else runs in the pauses, and they are most of the time or of about the same length. */
export function isPolling(
  trace: TraceView,
  spans: readonly SpanIndex[],
  busyNs: Float64Array,
): boolean {
  if (isPaced(trace, spans, busyNs)) return true;
  const pauses = spans.slice(1).map((span, i) => trace.start[span]! - trace.end[spans[i]!]!);
  if (pauses.length === 0) return false;
  const shortest = pauses.reduce((a, b) => Math.min(a, b));
  const longest = pauses.reduce((a, b) => Math.max(a, b));
  if (shortest < pollPauseMinNs || longest > shortest * pollPauseRatioMax) return false;
  const busy = busyNs[spans.at(-1)!]! - busyNs[spans[0]!]!;
  const others = busy - unionNs(trace, spans.slice(0, -1));
  return others < pauses.reduce((sum, ns) => sum + ns, 0) * busyShareMin;
}

/** For each span the time in which any leaf that started before it ran. */
export const busyNsBefore = oncePerTrace((trace): Float64Array => {
  const before = new Float64Array(trace.size);
  let busy = 0;
  let until = -Infinity;
  for (let span = 0; span < trace.size; span++) {
    before[span] = busy;
    if (trace.childrenStart[span] !== trace.childrenStart[span + 1]) continue;
    busy += Math.max(0, trace.end[span]! - Math.max(trace.start[span]!, until));
    until = Math.max(until, trace.end[span]!);
  }
  return before;
});
