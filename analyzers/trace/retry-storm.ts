import { defineTraceDetector, type GuardId, type Observation } from "../detector.ts";
import { requestGuardOf } from "../facts/call-guards.ts";
import { callKindOf, callLabel, takesParameters } from "../facts/call-template.ts";
import { callsOfTrace } from "../facts/calls-of-trace.ts";
import { durationText } from "../facts/duration-text.ts";
import {
  endpointIdentity,
  endpointLabel,
  endpointOf,
  endpointSpanOf,
} from "../facts/endpoint-span.ts";
import { unionNs } from "../facts/interval-union.ts";
import { countRepeats, type RepeatedCalls, repeatedCalls } from "../facts/repeated-calls.ts";
import { isBegin, transactionsOf } from "../facts/transactions.ts";
import type { Confidence } from "../model/finding.ts";
import { type SpanIndex, statusError, type TraceView } from "../model/trace-view.ts";

/**
 * A call that fails is made again at once, and again: it keeps what is down from getting up, and the caller waiting:
 *
 *   GET /checkout      |───────────────────────────|
 *     POST /payments     |──x||──x||──x||──x||──x|      <- no pause, or none that grows
 */
export const retryStorm = defineTraceDetector<Options>({
  meta: {
    id: "retry-storm",
    version: 2,
    title: "Retries without backoff",
    description:
      "A failing call is made again and again without a pause; wait longer each time, and give up.",
    severity: "warning",
    // One retry at once is good practice, for a broken connection; a third failure says that it does not help.
    defaults: { failuresMin: 3, pauseMsMax: 50 },
  },

  isCandidate: ({ failures }, { failuresMin }) => failures >= failuresMin,

  detect(trace, options) {
    const isFailingCall = (_: TraceView, span: SpanIndex) => callKindOf(trace, span) !== null;
    return repeatedCalls(trace, options.failuresMin, isFailingCall).flatMap((calls) => {
      const failed = calls.spans.filter((span) => trace.statusCode[span] === statusError);
      if (countRepeats(trace, failed) < options.failuresMin) return [];
      return toObservation(trace, calls, failed, options);
    });
  },
});

interface Options {
  /** Failures of one call within one request. */
  readonly failuresMin: number;
  /** A pause of more, or one that at least doubles up to this, is a backoff. */
  readonly pauseMsMax: number;
}

const distinctShareMin = 0.8;

function toObservation(
  trace: TraceView,
  calls: RepeatedCalls,
  failed: readonly SpanIndex[],
  options: Options,
): Observation {
  const call = failed[0]!;
  const endpointSpan = endpointSpanOf(trace, call);
  const suppressedBy = guardOf(trace, calls, failed, endpointSpan, options);
  const label = callLabel(trace, call);
  const parent = callsOfTrace(trace).parents[call]!;
  const count = countRepeats(trace, failed);
  return {
    identity: [
      ...endpointIdentity(trace, endpointSpan),
      parent === -1 ? "" : trace.name[parent]!,
      trace.shapeId[call]!,
    ],
    summary: `${endpointLabel(endpointOf(trace, endpointSpan))} makes a failing call ${count} times without a pause, ${durationText(unionNs(trace, failed))} in all${statusText(trace, failed)}: ${label}`,
    endpointSpan,
    spans: failed,
    repeats: count,
    confidence: confidenceOf(trace, failed),
    changes: [{ kind: "drop-repeats", spans: failed }],
    fix: [
      `Wait before each further attempt at ${label}, twice as long as before and with some chance in it (100 ms, 200 ms, 400 ms …), so that callers don't come back all at once.`,
      "Give up after two or three attempts, and after the time that the request has left: whoever asked is gone by then.",
      "Retry only what can succeed: a timeout, 429 (after its Retry-After), 502, 503, 504; never another 4xx, and no write that is not idempotent.",
      "When most calls fail, stop calling for a while (a circuit breaker), and retry in one layer only: three attempts in each of three services are 27.",
    ],
    ...(suppressedBy && { suppressedBy }),
  };
}

/** ", answered with 503": when all say the same. */
function statusText(trace: TraceView, failed: readonly SpanIndex[]): string {
  const statuses = new Set(failed.map((span) => trace.httpResponseStatusCode[span]!));
  const [status] = statuses;
  return statuses.size === 1 && status !== 0 ? `, answered with ${status}` : "";
}

/** The same parameters make it a retry; unknown ones may belong to a loop, most of all where there is a place for a value. */
function confidenceOf(trace: TraceView, failed: readonly SpanIndex[]): Confidence {
  const call = failed[0]!;
  const hashes = new Set(failed.map((span) => trace.paramsHash[span]!));
  if (hashes.size === 1 && !hashes.has("0")) return "high";
  const kind = callKindOf(trace, call);
  const takesValue =
    kind === "http" ? trace.urlTemplate[call]!.includes("{") : takesParameters(trace, call);
  return takesValue ? "low" : "medium";
}

/** What is no retry, or a considerate one; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  calls: RepeatedCalls,
  failed: readonly SpanIndex[],
  endpointSpan: SpanIndex,
  { failuresMin, pauseMsMax }: Options,
): GuardId | undefined {
  const ofRequest = requestGuardOf(trace, failed, endpointSpan);
  if (ofRequest) return ofRequest;
  const { repeats, distinctParams, mode, spans } = calls;
  if (distinctParams !== null && distinctParams >= repeats * distinctShareMin) {
    return "different-parameters";
  }
  if (mode === "concurrent") return "at-once";
  const servers = [...Map.groupBy(failed, (span) => trace.serverAddress[span]!).values()];
  if (servers.every((ofOne) => countRepeats(trace, ofOne) < failuresMin)) return "other-server";
  if (failed.length < spans.length - failed.length) return "mostly-succeeds";
  const isNotFound = (span: SpanIndex) =>
    /^(404|410)$/.test(`${trace.httpResponseStatusCode[span]}`);
  if (distinctParams === null && failed.every(isNotFound)) return "not-found";
  if (hasTransactionBetween(trace, failed)) return "transaction-retry";
  return backsOff(trace, failed, pauseMsMax * 1e6) ? "backoff" : undefined;
}

/** Each attempt is a transaction of its own, as databases ask for after a deadlock or a failed serialization. */
function hasTransactionBetween(trace: TraceView, failed: readonly SpanIndex[]): boolean {
  const own = transactionsOf(trace).filter(({ statements }) =>
    statements.some((span) => failed.includes(span)),
  );
  if (own.length === failed.length) return true;
  const [first, last] = [failed[0]!, failed.at(-1)!];
  return callsOfTrace(trace).calls.some(
    (span) =>
      span > first && span < last && trace.dbSystemName[span] !== "" && isBegin(trace, span),
  );
}

function backsOff(trace: TraceView, failed: readonly SpanIndex[], pauseMaxNs: number): boolean {
  const pauses = failed.slice(1).map((span, i) => trace.start[span]! - trace.end[failed[i]!]!);
  const [first, last] = [pauses[0], pauses.at(-1)];
  if (first === undefined || last === undefined) return false;
  if (pauses.every((ns) => ns > pauseMaxNs)) return true;
  return last > pauseMaxNs && pauses.every((ns, i) => i === 0 || ns >= 1.5 * pauses[i - 1]!);
}
