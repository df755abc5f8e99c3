import { defineTraceDetector, type GuardId, type Observation } from "../detector.ts";
import { requestGuardOf } from "../facts/call-guards.ts";
import { callKindOf, callLabel } from "../facts/call-template.ts";
import { callsOfTrace } from "../facts/calls-of-trace.ts";
import { durationText } from "../facts/duration-text.ts";
import {
  endpointIdentity,
  endpointLabel,
  endpointOf,
  endpointSpanOf,
} from "../facts/endpoint-span.ts";
import { eventLoopBlocks } from "../facts/event-loop-blocks.ts";
import { unionNs } from "../facts/interval-union.ts";
import { countRepeats } from "../facts/repeated-calls.ts";
import type { Confidence } from "../model/finding.ts";
import { durationNs, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/**
 * One request computes, and all others of the process stand still. The agent tells it in each of them:
 *
 *   GET /statement           |────────────────|     it blocks: this is the finding
 *     event loop blocked       |──────────────|       toLine (invoices.ts:25)
 *   GET /healthz                  |───────────|     it is held up: no finding of its own
 *     event loop blocked          |───────────|
 *
 * Without the agent a trace only shows that answers of unlike others, asked at different times, were all read at once:
 *
 *   GET /home                |────────────────|
 *     SELECT users              |──────────|
 *     GET /prices                 |────────|          <- nobody could read the answers before
 *     GET session                     |────|
 */
export const eventLoopBlock = defineTraceDetector<Options>({
  meta: {
    id: "event-loop-block",
    version: 2,
    title: "Blocked event loop",
    description:
      "Synchronous work keeps every other request of the process waiting; do it elsewhere, or in parts.",
    severity: "warning",
    // Everything that is under way waits so long; fifty milliseconds double most requests.
    defaults: { blockMsMin: 50 },
    // A first request loads and compiles; a block of one customer's data in a hundred holds up all others each time.
    seenMin: { traces: 3, share: 0.01 },
    gainElsewhere:
      "the work itself takes as long wherever it is done; what is saved are the other requests of the process, which no longer wait for it",
  },

  // Told by the agent, or so many calls that are as long as a block.
  isCandidate: ({ blocks, longCallsNs, longestCallNs }, { blockMsMin }) =>
    blocks > 0 ||
    (longestCallNs >= blockMsMin * 1e6 &&
      longCallsNs - longestCallNs >= (bunchCallsMin - 1) * blockMsMin * 1e6),

  detect(trace, options) {
    const told = Map.groupBy(eventLoopBlocks(trace), (span) => endpointSpanOf(trace, span));
    if (told.size > 0) {
      return [...told].flatMap(([endpointSpan, blocks]) =>
        ofBlocks(trace, endpointSpan, blocks, options),
      );
    }
    return bunches(trace, options).map((calls) => ofBunch(trace, calls));
  },
});

interface Options {
  /** Time in which the event loop of a process turned not once. */
  readonly blockMsMin: number;
}

function ofBlocks(
  trace: TraceView,
  endpointSpan: SpanIndex,
  blocks: readonly SpanIndex[],
  { blockMsMin }: Options,
): Observation[] {
  const ns = unionNs(trace, blocks);
  if (ns < blockMsMin * 1e6) return [];
  const causes = blocks.filter((span) => trace.isBlockCause[span] === 1);
  const spans = causes.length > 0 ? causes : blocks;
  const suppressedBy =
    requestGuardOf(trace, spans, endpointSpan) ??
    (causes.length > 0 ? undefined : causelessGuard(trace, blocks));
  const line = lineOf(trace, spans);
  const label = endpointLabel(endpointOf(trace, endpointSpan));
  const verb =
    causes.length > 0 ? "blocks the event loop for" : "is held up by a blocked event loop for";
  return [
    {
      identity: endpointIdentity(trace, endpointSpan),
      summary: `${label} ${verb} ${durationText(unionNs(trace, spans))}${line === "" ? "" : ` in ${line}`}`,
      endpointSpan,
      spans,
      repeats: countRepeats(trace, spans),
      confidence: line === "" ? "medium" : "high",
      changes: [],
      fix: fixOf(line),
      ...(suppressedBy && { suppressedBy }),
    },
  ];
}

/** Somebody else's work, or nobody knows whose: then most of those that were open are innocent. */
function causelessGuard(trace: TraceView, blocks: readonly SpanIndex[]): GuardId {
  const isKnown = blocks.some((span) => trace.isBlockCause[span] === 0);
  return isKnown ? "held-up-by-another" : "cause-unknown";
}

/** "toLine (invoices.ts:25)": of the first block whose stack was taken. */
function lineOf(trace: TraceView, spans: readonly SpanIndex[]): string {
  const span = spans.find((block) => trace.codeFilePath[block] !== "");
  if (span === undefined) return "";
  const file = /[^/]*$/.exec(trace.codeFilePath[span]!)![0];
  const place = `${file}:${trace.codeLineNumber[span]}`;
  return trace.codeFunctionName[span] === "" ? place : `${trace.codeFunctionName[span]} (${place})`;
}

function fixOf(line: string): readonly string[] {
  const what = line === "" ? "the work" : line;
  return [
    `Do ${what} in a worker thread (node:worker_threads, or a pool of them such as piscina), so that the event loop goes on.`,
    "Or in parts: after every few milliseconds of work give the others a turn (await setImmediate of node:timers/promises).",
    "Use the asynchronous version of what is called: crypto.scrypt, zlib.gzip, fs.promises instead of …Sync; a stream instead of JSON.stringify of megabytes.",
    "Is it needed at all? A smaller list, a Map instead of a search, or a result that is kept from the last time.",
  ];
}

/** Answers of so many unlike others that are read within so short a time were waiting to be read. */
const bunchCallsMin = 3;
const bunchNs = 2e6;

/** Calls of one process to different others that began apart and ended together. A summary span is as long as many. */
function bunches(trace: TraceView, { blockMsMin }: Options): SpanIndex[][] {
  const minNs = blockMsMin * 1e6;
  const long = callsOfTrace(trace).calls.filter(
    (span) => durationNs(trace, span) >= minNs && trace.repeats[span] === 1,
  );
  const found: SpanIndex[][] = [];
  for (const calls of Map.groupBy(long, (span) => endpointSpanOf(trace, span)).values()) {
    const byEnd = calls.toSorted((a, b) => trace.end[a]! - trace.end[b]!);
    for (let first = 0, next = 0; first < byEnd.length; first = next) {
      const until = trace.end[byEnd[first]!]! + bunchNs;
      while (next < byEnd.length && trace.end[byEnd[next]!]! <= until) next += 1;
      const together = byEnd.slice(first, next);
      if (isBunch(trace, together, minNs)) found.push(together.sort((a, b) => a - b));
    }
  }
  return found;
}

function isBunch(trace: TraceView, spans: readonly SpanIndex[], minNs: number): boolean {
  const targets = new Set(spans.map((span) => targetOf(trace, span)));
  if (targets.size < bunchCallsMin) return false;
  const byStart = spans.toSorted((a, b) => trace.start[a]! - trace.start[b]!);
  return trace.start[byStart.at(-1)!]! - trace.start[byStart[0]!]! >= minNs / 2;
}

/** Who is called; answers of one callee may end together for its own reasons. */
function targetOf(trace: TraceView, span: SpanIndex): string {
  return `${callKindOf(trace, span)} ${trace.dbSystemName[span]} ${trace.serverAddress[span]} ${trace.dbNamespace[span]}`;
}

function ofBunch(trace: TraceView, calls: readonly SpanIndex[]): Observation {
  const endpointSpan = endpointSpanOf(trace, calls[0]!);
  const label = endpointLabel(endpointOf(trace, endpointSpan));
  const last = calls.reduce((latest, span) => Math.max(latest, trace.start[span]!), 0);
  const end = trace.end[calls[0]!]!;
  const suppressedBy: GuardId | undefined = requestGuardOf(trace, calls, endpointSpan);
  const confidence: Confidence = "low";
  return {
    identity: [...endpointIdentity(trace, endpointSpan), "inferred"],
    summary: `${label} reads the answers of ${calls.length} unlike calls at the same moment, so its event loop may have been blocked for ${durationText(end - last)}: ${calls.map((span) => callLabel(trace, span)).join(", ")}`,
    endpointSpan,
    spans: calls,
    repeats: countRepeats(trace, calls),
    confidence,
    changes: [],
    fix: [
      "Start the service with the agent: it takes the stack of whatever blocks the event loop.",
      ...fixOf(""),
    ],
    ...(suppressedBy && { suppressedBy }),
  };
}
