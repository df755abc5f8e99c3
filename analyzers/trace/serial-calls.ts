import { defineTraceDetector, type GuardId, type Observation } from "../detector.ts";
import { requestGuardOf } from "../facts/call-guards.ts";
import { callKindOf, callLabel, operationOf } from "../facts/call-template.ts";
import { callsOfTrace } from "../facts/calls-of-trace.ts";
import { branchesOf } from "../facts/common-parent.ts";
import { criticalNs } from "../facts/critical-times.ts";
import { actsOnOthers, readsNoTable } from "../facts/data-change.ts";
import { durationText } from "../facts/duration-text.ts";
import {
  endpointIdentity,
  endpointLabel,
  endpointOf,
  endpointSpanOf,
} from "../facts/endpoint-span.ts";
import { blockedNs } from "../facts/event-loop-blocks.ts";
import type { LearnedOrder } from "../facts/learned-order.ts";
import { callGroups, countRepeats } from "../facts/repeated-calls.ts";
import { isSchemaWork } from "../facts/schema-work.ts";
import { transactionsOf } from "../facts/transactions.ts";
import type { Confidence } from "../model/finding.ts";
import { durationNs, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/**
 * Calls that don't need each other are awaited one after the other, where all could be under way at once:
 *
 *   GET /dashboard        |──────────────────────────────|
 *     SELECT sales          |───────|
 *     SELECT products                |──────|               <- needs nothing of the first
 *     GET /rates                             |───────|      <- nor of the two before
 */
export const serialCalls = defineTraceDetector<Options>({
  meta: {
    id: "serial-calls",
    version: 3,
    title: "Serial calls",
    description: "Calls that don't need each other run one after the other; start them together.",
    severity: "warning",
    // A call of less than 10 ms is not worth a Promise.all; a tenth of the request is felt, 50 ms are measured.
    defaults: { callMsMin: 10, savedMsMin: 50, savedShareMin: 0.1 },
    optionsOnceKnown: { savedMsMin: 0, savedShareMin: 0 },
    seenMin: { traces: 3, share: 0.1 },
  },

  // All calls but the longest is what starting all of them together would save.
  isCandidate: ({ longCallsNs, longestCallNs }, { savedMsMin }) =>
    longCallsNs - longestCallNs >= savedMsMin * 1e6,

  detect(trace, options, order) {
    return longCallsByParent(trace, options).flatMap((calls) =>
      chainsOf(trace, calls).flatMap((chain) => observe(trace, chain, options, order)),
    );
  },
});

interface Options {
  /** A call that takes less is left where it is. */
  readonly callMsMin: number;
  /** What starting them together would save: all but the longest of them. */
  readonly savedMsMin: number;
  /** The same as a share of the request. */
  readonly savedShareMin: number;
}

/** The next call begins within this of the end of the one before, or within a fifth of what they are part of. */
const gapMaxNs = 5e6;
const gapShareMax = 0.2;
/** By how much one may run into the next: callbacks end spans late. */
const overlapMaxNs = 1e6;

/** Calls of one chain: each is compared with those before it, and nobody starts more at once. */
const chainCallsMax = 50;

/** Calls of one shape below one parent from which on they are a loop's, however long one of them is. */
const loopCallsMin = 5;

/**
 * Calls worth looking at below each logical parent, by start. Those of a loop are other findings'; so is a summary span,
 * which is as long as all of its calls: neither breaks a chain that runs beside it.
 */
function longCallsByParent(trace: TraceView, { callMsMin }: Options): SpanIndex[][] {
  const { parents } = callsOfTrace(trace);
  const found: SpanIndex[] = [];
  for (const same of callGroups(trace)) {
    if (parents[same[0]!] === -1 || countRepeats(trace, same) >= loopCallsMin) continue;
    const long = same.filter((span) => durationNs(trace, span) >= callMsMin * 1e6);
    if (long.length === 1) found.push(long[0]!);
  }
  found.sort((a, b) => a - b);
  return [...Map.groupBy(found, (span) => `${parents[span]} ${trace.service[span]}`).values()];
}

/** Runs of calls that follow each other closely. */
function chainsOf(trace: TraceView, calls: readonly SpanIndex[]): SpanIndex[][] {
  const chains: SpanIndex[][] = [];
  for (const span of calls) {
    const chain = chains.at(-1);
    const last = chain?.at(-1);
    const parent = callsOfTrace(trace).parents[span]!;
    const gapNs = last === undefined ? Infinity : trace.start[span]! - trace.end[last]!;
    const isNext =
      gapNs >= -overlapMaxNs &&
      gapNs <= Math.max(gapMaxNs, durationNs(trace, parent) * gapShareMax);
    if (chain && isNext && chain.length < chainCallsMax) chain.push(span);
    else chains.push([span]);
  }
  return chains.filter((chain) => chain.length > 1);
}

/** What of the chain could start together; if nothing, and it were worth it, why not. */
function observe(
  trace: TraceView,
  chain: readonly SpanIndex[],
  options: Options,
  order: LearnedOrder | undefined,
): Observation[] {
  const endpointSpan = endpointSpanOf(trace, chain[0]!);
  const isWorth = (group: readonly SpanIndex[]) =>
    savedNs(trace, group) >=
    Math.max(options.savedMsMin * 1e6, options.savedShareMin * durationNs(trace, endpointSpan));
  if (!isWorth(chain)) return [];
  const { groups, firstBarrier } = splitAtNeeds(trace, chain, order);
  const worth = groups.filter((group) => group.length > 1 && isWorth(group));
  if (worth.length === 0) {
    return [
      {
        ...toObservation(trace, endpointSpan, chain, order),
        suppressedBy: firstBarrier ?? "may-depend",
      },
    ];
  }
  return worth.map((group) => {
    const suppressedBy = guardOf(trace, group, endpointSpan, options);
    const observation = toObservation(trace, endpointSpan, group, order);
    return suppressedBy ? { ...observation, suppressedBy } : observation;
  });
}

function savedNs(trace: TraceView, spans: readonly SpanIndex[]): number {
  let sumNs = 0;
  let longestNs = 0;
  for (const span of spans) {
    sumNs += durationNs(trace, span);
    longestNs = Math.max(longestNs, durationNs(trace, span));
  }
  return sumNs - longestNs;
}

interface Split {
  readonly groups: readonly (readonly SpanIndex[])[];
  /** Why the first call that begins a group of its own has to. */
  readonly firstBarrier: GuardId | undefined;
}

/** Groups of neighbours of which none needs another. */
function splitAtNeeds(
  trace: TraceView,
  chain: readonly SpanIndex[],
  order: LearnedOrder | undefined,
): Split {
  const groups: SpanIndex[][] = [[]];
  let firstBarrier: GuardId | undefined;
  for (const span of chain) {
    const group = groups.at(-1)!;
    const barrier =
      barrierOf(trace, span) ??
      (group.every((before) => isIndependent(trace, before, span, order))
        ? undefined
        : "may-depend");
    if (barrier === undefined) {
      group.push(span);
      continue;
    }
    // A call that all later ones wait for is followed by a group without it.
    if (barrier === "may-depend") groups.push([span]);
    else groups.push([]);
    if (group.length > 0 || barrier !== "may-depend") firstBarrier ??= barrier;
  }
  return { groups, firstBarrier };
}

// Not: authors, accessories, featured products, flagships.
const accessCheck =
  /(auth(?!ors?\b)|login|session|token|api[-_]?key|credential|permission|membership|\b(roles?|user_roles)\b|access(?!or)|policy|\bacl|feature(?!d)|flag(?!ship)|toggle|rate[-_ ]?limit|quota|tenant|jwks|introspect)/i;
const caches: ReadonlySet<string> = new Set(["redis", "valkey", "memcached"]);

/** Calls that what follows is likely to need, whatever the parameters say. */
function barrierOf(trace: TraceView, span: SpanIndex): GuardId | undefined {
  if (operationOf(trace, span) !== "read") return "write-between";
  if (actsOnOthers(trace, span) || readsNoTable(trace, span)) return "takes-lock";
  if (caches.has(trace.dbSystemName[span]!)) return "cache-lookup";
  return accessCheck.test(callLabel(trace, span)) ? "access-check" : undefined;
}

/** Proved by another trace, or because `b` is given nothing that `a` could have returned. */
function isIndependent(
  trace: TraceView,
  a: SpanIndex,
  b: SpanIndex,
  order: LearnedOrder | undefined,
): boolean {
  if (order?.isIndependent(trace, a, b)) return true;
  return !takesValues(trace, b) || (order?.hasConstantParameters(trace, b) ?? false);
}

/** `WHERE 1=1`, as ORMs write that have no condition: nobody passes two values only to compare them. */
const noCondition = /\bwhere\s+(\?|\$\d+)\s*=\s*\1(?!\w)/gi;
const pageSize = /\b(limit|offset|top|fetch\s+(first|next))\s+(\?|\$\d+|:\w+|@\w+|%s)/gi;
const value = /\?|\$\d|(?<!:)[:@]\w|%s|[\w:]\*/;

/** Whether a value of an earlier answer may be in it; how many rows are asked for is none. Of a request nobody knows. */
function takesValues(trace: TraceView, span: SpanIndex): boolean {
  if (callKindOf(trace, span) !== "database") return true;
  const text = trace.dbQueryText[span]!;
  const bare = text.replaceAll(pageSize, "").replaceAll(noCondition, "");
  return text === "" || /(…|\.\.\.)$/.test(text) || value.test(bare);
}

function toObservation(
  trace: TraceView,
  endpointSpan: SpanIndex,
  spans: readonly SpanIndex[],
  order: LearnedOrder | undefined,
): Observation {
  const label = endpointLabel(endpointOf(trace, endpointSpan));
  const calls = spans.map((span) => callLabel(trace, span));
  const parent = callsOfTrace(trace).parents[spans[0]!]!;
  return {
    // Of the function and not of its calls: which of them is long enough differs from trace to trace.
    identity: [...endpointIdentity(trace, endpointSpan), trace.name[parent]!],
    summary: `${label} waits for ${spans.length} calls one after the other, ${durationText(savedNs(trace, spans))} more than for the longest alone: ${calls.join(", ")}`,
    endpointSpan,
    spans,
    repeats: spans.reduce((sum, span) => sum + trace.repeats[span]!, 0),
    confidence: confidenceOf(trace, spans, order),
    changes: [{ kind: "make-parallel", spans: branchesOf(trace, spans) }],
    fix: [
      `Start ${calls[0]} and ${calls.slice(1).join(", ")} before awaiting any of them, with Promise.all.`,
      "Each of them then needs a connection of its own: is the pool large enough for all requests at the same time?",
      "If one of them is only sometimes needed, keep it where it is and start the others together.",
    ],
  };
}

/** A counter-example proves it; that no value is passed leaves only what the code decides in between. */
function confidenceOf(
  trace: TraceView,
  spans: readonly SpanIndex[],
  order: LearnedOrder | undefined,
): Confidence {
  const isProved = spans.every((b, i) =>
    spans.slice(0, i).every((a) => order?.isIndependent(trace, a, b)),
  );
  const areBareQueries = spans
    .slice(1)
    .every(
      (span) => callKindOf(trace, span) === "database" && !value.test(trace.dbQueryText[span]!),
    );
  return isProved || areBareQueries ? "high" : "medium";
}

/** Why starting them together is no fix; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  spans: readonly SpanIndex[],
  endpointSpan: SpanIndex,
  { savedMsMin }: Options,
): GuardId | undefined {
  const ofRequest = requestGuardOf(trace, spans, endpointSpan);
  if (ofRequest) return ofRequest;
  if (isSchemaWork(trace, spans[0]!, endpointSpan)) return "schema-work";
  const inTransaction = transactionsOf(trace).some(
    ({ statements }) => spans.filter((span) => statements.includes(span)).length > 1,
  );
  if (inTransaction) return "same-transaction";
  const blocked = spans.reduce((sum, span) => sum + blockedNs(trace, span), 0);
  if (blocked > savedNs(trace, spans) / 2) return "event-loop-block";
  const saved = Math.min(savedNs(trace, spans), criticalNs(trace, endpointSpan, spans));
  return saved < savedMsMin * 1e6 ? "beside-longer-work" : undefined;
}
