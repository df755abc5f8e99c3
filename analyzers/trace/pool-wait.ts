import { defineTraceDetector, type GuardId, type Observation, type Told } from "../detector.ts";
import { requestGuardOf } from "../facts/call-guards.ts";
import { isDatabaseCall } from "../facts/call-template.ts";
import { callsOfTrace } from "../facts/calls-of-trace.ts";
import type { ConnectionHolder, ConnectionHolders } from "../facts/connection-holders.ts";
import { type ConnectionWait, connectionWaits } from "../facts/connection-waits.ts";
import { durationText } from "../facts/duration-text.ts";
import { endpointLabel, endpointOf, endpointSpanOf } from "../facts/endpoint-span.ts";
import { blockedNs } from "../facts/event-loop-blocks.ts";
import { countRepeats } from "../facts/repeated-calls.ts";
import { transactionsOf } from "../facts/transactions.ts";
import type { Confidence } from "../model/finding.ts";
import { durationNs, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/**
 * A request waits for a connection before its query can even be sent:
 *
 *   POST /checkout        |───────────────────────────────|
 *     pg-pool.connect       |──────────────────|              <- all connections are taken
 *     BEGIN                                    |─|
 */
export const poolWait = defineTraceDetector<Options>({
  meta: {
    id: "pool-wait",
    version: 3,
    title: "Waiting for a connection",
    description: "Requests wait for a connection of the pool; find out who holds them so long.",
    severity: "warning",
    // Opening a connection takes up to some tens of milliseconds; a tenth of the request is felt.
    defaults: { waitMsMin: 50, waitShareMin: 0.1 },
    optionsOnceKnown: { waitMsMin: 0, waitShareMin: 0 },
    // A checkout that is only told by its span is also long when the process had no processor to go on with. That happens once
    // in a while; of a pool that is too small most requests wait.
    seenMin: { traces: 3, share: 0.1, unprovedShare: 0.5 },
  },

  isCandidate: ({ waitsNs }, { waitMsMin }) => waitsNs >= waitMsMin * 1e6,

  detect(trace, options) {
    const waits = Map.groupBy(
      connectionWaits(trace),
      ({ span }) => `${endpointSpanOf(trace, span)} ${trace.poolName[span]}`,
    );
    return [...waits.values()].flatMap((ofEndpoint) => {
      const endpointSpan = endpointSpanOf(trace, ofEndpoint[0]!.span);
      const waitedNs = unionOf(ofEndpoint);
      const isLong =
        waitedNs >= options.waitMsMin * 1e6 &&
        waitedNs >= options.waitShareMin * durationNs(trace, endpointSpan);
      return isLong ? toObservation(trace, endpointSpan, ofEndpoint, waitedNs) : [];
    });
  },

  tellHolders,
});

interface Options {
  /** Time in which a request waits for connections. */
  readonly waitMsMin: number;
  /** The same as a share of the request. */
  readonly waitShareMin: number;
}

/** From fewer waits, or when less than so much of their time is explained, nobody is named. */
const waitsMin = 3;
const seenShareMin = 0.5;
/** Holders of less than this are not worth a name, and no more than so many have one. */
const holderShareMin = 0.15;
const namedMax = 3;
/** A connection that is given back within this is not held for long. */
const shortNs = 20e6;

/** Who held the connections: other requests of the process, or the pool is smaller than what there is to do. */
function tellHolders({ holders, waits, seenShare, connections }: ConnectionHolders): Told | null {
  const named = holders.filter(({ share }) => share >= holderShareMin).slice(0, namedMax);
  if (waits < waitsMin || seenShare < seenShareMin || named.length === 0) return null;
  const list = named
    .map(({ endpoint, what, share }) => `${endpoint} for ${what} (${Math.round(100 * share)} %)`)
    .join(", ");
  const long = named.filter(({ heldNs }) => heldNs > shortNs);
  if (long.length > 0) {
    return { clause: `connections are held by ${list}`, fix: long.map(shortenHold) };
  }
  const held = durationText(Math.max(...named.map(({ heldNs }) => heldNs)));
  return {
    clause: `connections are held for short, by ${list}`,
    fix: [
      `Nobody holds a connection for long (${held} at most of those named), and ${connections} ${connections === 1 ? "was" : "were"} held at once: make fewer queries (a loop of them is a finding of its own), or make the pool larger.`,
    ],
  };
}

function shortenHold({ kind, endpoint, what, share, heldNs }: ConnectionHolder): string {
  const how = `${durationText(heldNs)} each, ${Math.round(100 * share)} % of the time for which others wait`;
  return kind === "query"
    ? `Make ${what} of ${endpoint} faster (${how}), or give it a pool of its own.`
    : `Shorten what ${endpoint} holds a connection for, ${what} (${how}): only statements belong between BEGIN and COMMIT.`;
}

/** Calls of one request at the same time from which on it is the request itself that empties the pool. */
const ownCallsMin = 5;
/** No connection takes so long to be opened: without the agent's word, a checkout of more is a wait. */
const surelyWaitNs = 200e6;

/** Time in which at least one of them waited. By start. */
function unionOf(waits: readonly ConnectionWait[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const { start, end } of waits) {
    sum += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return sum;
}

function toObservation(
  trace: TraceView,
  endpointSpan: SpanIndex,
  waits: readonly ConnectionWait[],
  waitedNs: number,
): Observation {
  const spans = waits.map(({ span }) => span).sort((a, b) => a - b);
  const first = spans[0]!;
  const suppressedBy = guardOf(trace, endpointSpan, waits, waitedNs);
  const holdsOne = holdsConnection(trace, waits);
  const label = endpointLabel(endpointOf(trace, endpointSpan));
  const held = holdsOne ? ", while it holds another in a transaction" : "";
  return {
    // The pool is the service's: what is done about it helps every endpoint, and not those of another pool.
    identity: [
      trace.service[first]!,
      trace.environment[first]!,
      trace.dbSystemName[first]!,
      trace.dbNamespace[first]!,
      ...(trace.poolName[first] === "" ? [] : [trace.poolName[first]!]),
    ],
    summary: `${label} waits ${durationText(waitedNs)} of its ${durationText(durationNs(trace, endpointSpan))} for a connection${held}`,
    endpointSpan,
    spans,
    repeats: countRepeats(trace, spans),
    confidence: confidenceOf(waits, waitedNs),
    changes: [
      { kind: "remove-wait", spans, removableNs: spans.map((span) => waitNsOf(waits, span)) },
    ],
    fix: fixOf(holdsOne),
    ...(suppressedBy && { suppressedBy }),
  };
}

function waitNsOf(waits: readonly ConnectionWait[], span: SpanIndex): number {
  const { start, end } = waits.find((wait) => wait.span === span)!;
  return end - start;
}

function confidenceOf(waits: readonly ConnectionWait[], waitedNs: number): Confidence {
  if (waits.every(({ source }) => source === "measured")) return "high";
  return waitedNs >= surelyWaitNs ? "medium" : "low";
}

/** One connection is held, and a second is asked for: when all requests do that, none goes on. */
function holdsConnection(trace: TraceView, waits: readonly ConnectionWait[]): boolean {
  return transactionsOf(trace).some(
    ({ start, end, statements }) =>
      end !== null &&
      waits.some(
        (wait) => wait.start >= start && wait.start < end && !statements.includes(wait.span),
      ),
  );
}

function fixOf(holdsOne: boolean): readonly string[] {
  const nested =
    "Run all queries of a transaction on the connection that it holds. A request that holds one connection and asks for a second stands still for good once every request does.";
  return [
    ...(holdsOne ? [nested] : []),
    "Find who holds connections for long: transactions that wait for another service, slow queries, and loops of queries; findings of this service name them. A shorter hold helps more than a larger pool.",
    "Then look at the pool's size: about two connections for each core of the database, divided among all processes that connect. More connections than the database can work on only move the queue.",
    "Let a request that waits fail early (pg: connectionTimeoutMillis; Prisma: pool_timeout), so that a full pool does not take everything with it.",
  ];
}

/** What is no wait for others; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  endpointSpan: SpanIndex,
  waits: readonly ConnectionWait[],
  waitedNs: number,
): GuardId | undefined {
  const spans = waits.map(({ span }) => span);
  const ofRequest = requestGuardOf(trace, spans, endpointSpan);
  if (ofRequest) return ofRequest;
  if (waits.every(({ isConnecting }) => isConnecting)) return "connecting";
  if (isOwnFanOut(trace, endpointSpan, waits)) return "own-fan-out";
  const blocked = spans.reduce((sum, span) => sum + blockedNs(trace, span), 0);
  return blocked > waitedNs / 2 ? "event-loop-block" : undefined;
}

/** The request makes so many calls at once that they wait for each other: the finding is that it makes them. */
function isOwnFanOut(
  trace: TraceView,
  endpointSpan: SpanIndex,
  waits: readonly ConnectionWait[],
): boolean {
  const longest = waits.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
  const atOnce = callsOfTrace(trace).calls.filter(
    (span) =>
      isDatabaseCall(trace, span) &&
      endpointSpanOf(trace, span) === endpointSpan &&
      trace.poolName[span] === trace.poolName[longest.span] &&
      trace.start[span]! < longest.end &&
      trace.end[span]! > longest.start,
  );
  return countRepeats(trace, atOnce) >= ownCallsMin;
}
