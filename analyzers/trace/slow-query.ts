import { defineTraceDetector, type GuardId, type Observation, type Told } from "../detector.ts";
import { requestGuardOf } from "../facts/call-guards.ts";
import { callLabel, isDatabaseCall, operationOf, takesParameters } from "../facts/call-template.ts";
import { callsOfTrace } from "../facts/calls-of-trace.ts";
import { criticalNs } from "../facts/critical-times.ts";
import { durationText } from "../facts/duration-text.ts";
import { endpointLabel, endpointOf, endpointSpanOf } from "../facts/endpoint-span.ts";
import { blockedNs } from "../facts/event-loop-blocks.ts";
import { callsNs } from "../facts/interval-union.ts";
import { callGroups, countRepeats } from "../facts/repeated-calls.ts";
import { isSchemaWork } from "../facts/schema-work.ts";
import { type Slowdown, slowdownOf } from "../facts/slowdown.ts";
import type { Confidence } from "../model/finding.ts";
import { durationNs, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/**
 * One query is most of what a request waits for:
 *
 *   GET /reviews          |──────────────────────────|
 *     SELECT reviews         |────────────────────|       <- 3 rows, 640 ms
 */
export const slowQuery = defineTraceDetector<Options>({
  meta: {
    id: "slow-query",
    version: 2,
    title: "Slow query",
    description: "One query is most of what the request waits for.",
    severity: "warning",
    // Below 100 ms a query is rarely what people feel; half of the request says that it is this one.
    defaults: { callMsMin: 100, criticalShareMin: 0.5 },
    optionsOnceKnown: { callMsMin: 10, criticalShareMin: 0 },
    seenMin: { traces: 3, share: 0.1 },
  },

  isCandidate: ({ longestQueryNs }, { callMsMin }) => longestQueryNs >= callMsMin * 1e6,

  detect(trace, options) {
    return callGroups(trace).flatMap((calls) => {
      if (!isDatabaseCall(trace, calls[0]!)) return [];
      const slow = calls.filter((span) => runNs(trace, span) >= options.callMsMin * 1e6);
      return slow.length === 0 ? [] : observe(trace, slow, calls, options);
    });
  },

  isPassing(sample, shapeId, { callMsMin }) {
    const runs = sample.flatMap((trace) =>
      callsOfTrace(trace).calls.flatMap((span) =>
        trace.shapeId[span] === shapeId
          ? { same: parametersOf(trace, span), ms: runNs(trace, span) / 1e6 }
          : [],
      ),
    );
    const alike = Map.groupBy(runs, ({ same }) => same);
    const slow = runs.filter(({ ms }) => ms >= callMsMin);
    return slow.length > 0 && slow.every(({ same }) => isUsuallyFast(alike.get(same)!, callMsMin));
  },

  tellPast(past) {
    const slowdown = slowdownOf(past);
    return typeof slowdown === "string" ? null : toldOf(slowdown);
  },
});

/** A single run; of a summary span the mean one. */
function runNs(trace: TraceView, span: SpanIndex): number {
  return callsNs(trace, span) / trace.repeats[span]!;
}

/** So many times as many rows are why it takes longer. */
const rowsFactorMin = 2;

function toldOf({ confidence, sinceS, ...slowdown }: Slowdown): Told {
  const { beforeNs, nowNs, rowsBefore, rowsNow, serviceVersion } = slowdown;
  const since = `${new Date(sinceS * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const takes = confidence === "high" ? "takes" : "seems to take";
  const times = (nowNs / beforeNs).toFixed(nowNs < 10 * beforeNs ? 1 : 0);
  const clause = `it ${takes} ${times} times as long as before ${since} (${durationText(nowNs)}, then ${durationText(beforeNs)})`;
  if (rowsBefore >= 0 && rowsNow >= rowsFactorMin * Math.max(1, rowsBefore)) {
    const rows = `It returns about ${Math.round(rowsNow)} rows where it returned ${Math.round(rowsBefore)}: ask for a page of them (LIMIT), or the next ones make it slower still.`;
    return { clause, fix: [rows] };
  }
  const why =
    serviceVersion === null
      ? `It became slower without a new version, from ${since} on: in the database an index may be gone, statistics may be out of date (ANALYZE), the table may have grown, or the plan may be another one.`
      : `It became slower with version ${serviceVersion}: compare the query, its parameters and the migrations with those of the version before.`;
  return { clause, fix: [why] };
}

interface Run {
  /** Equal in runs that ask for the same; null: unknown. */
  readonly same: string | null;
  readonly ms: number;
}

/** Of fewer runs nobody knows what is usual. */
const runsMin = 5;

/** The same query with the same parameters takes less more often than not: then something else held it up. */
function isUsuallyFast(runs: readonly Run[], callMsMin: number): boolean {
  if (runs[0]!.same === null || runs.length < runsMin) return false;
  return runs.filter(({ ms }) => ms < callMsMin).length > runs.length / 2;
}

function parametersOf(trace: TraceView, span: SpanIndex): string | null {
  if (!takesParameters(trace, span)) return "none";
  const hash = trace.paramsHash[span]!;
  return hash === "0" ? null : hash;
}

interface Options {
  /** What a single call takes at least. */
  readonly callMsMin: number;
  /** Share of the request's critical path that the slow calls of one shape hold. */
  readonly criticalShareMin: number;
}

/** From so many calls on, it is not the query that is slow, but that it is made so often. */
const repeatsMax = 4;
/** A write of so many rows is as long as its work. */
const bulkRowsMin = 1_000;
const fewRowsMax = 100;
const manyRowsMin = 1_000;
/** A row that takes longer was searched for. */
const rowNsMax = 100_000;

function observe(
  trace: TraceView,
  slow: readonly SpanIndex[],
  calls: readonly SpanIndex[],
  options: Options,
): Observation[] {
  const call = slow[0]!;
  const endpointSpan = endpointSpanOf(trace, call);
  const endpointNs = durationNs(trace, endpointSpan);
  const critical = criticalNs(trace, endpointSpan, slow);
  if (endpointSpan === call || critical < options.criticalShareMin * endpointNs) return [];
  const suppressedBy = guardOf(trace, slow, calls, endpointSpan, options);
  const rows = slow.reduce((sum, span) => sum + Math.max(0, trace.returnedRows[span]!), 0);
  const areRowsKnown = slow.every((span) => trace.returnedRows[span]! >= 0);
  const label = callLabel(trace, call);
  const times = slow.length === 1 ? "one query" : `${slow.length} runs of one query`;
  const returned = areRowsKnown ? `, for ${rows} row${rows === 1 ? "" : "s"}` : "";
  return [
    {
      // An index or a better query helps every endpoint that runs it.
      identity: [trace.service[call]!, trace.environment[call]!, trace.shapeId[call]!],
      summary: `${endpointLabel(endpointOf(trace, endpointSpan))} waits ${durationText(critical)} of its ${durationText(endpointNs)} for ${times}${returned}: ${label}`,
      endpointSpan,
      spans: slow,
      repeats: countRepeats(trace, slow),
      confidence: confidenceOf(trace, call, areRowsKnown),
      changes: [{ kind: "speed-up", spans: slow }],
      fix: fixOf(trace, call, areRowsKnown ? rows / slow.length : null),
      ...(suppressedBy && { suppressedBy }),
    },
  ];
}

function confidenceOf(trace: TraceView, call: SpanIndex, areRowsKnown: boolean): Confidence {
  if (trace.dbQueryText[call] === "") return "low";
  return areRowsKnown ? "high" : "medium";
}

/** Why the time is right, or somebody else's; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  slow: readonly SpanIndex[],
  calls: readonly SpanIndex[],
  endpointSpan: SpanIndex,
  { callMsMin }: Options,
): GuardId | undefined {
  const call = slow[0]!;
  const text = trace.dbQueryText[call]!;
  const ofRequest = requestGuardOf(trace, slow, endpointSpan);
  if (ofRequest) return ofRequest;
  if (maintenance.test(text)) return "maintenance";
  if (isSchemaWork(trace, call, endpointSpan)) return "schema-work";
  const operation = operationOf(trace, call);
  if (operation === "transaction-control" || operation === "cursor") return operation;
  if (blockingRead.test(text || trace.dbQuerySummary[call]!)) return "blocking-read";
  if (takesLock.test(text)) return "waits-for-lock";
  if (countRepeats(trace, calls) > repeatsMax) return "repeated";
  const isBulk = slow.every((span) => trace.returnedRows[span]! >= bulkRowsMin);
  if (operation === "write" && isBulk) return "bulk-write";
  if (operation === "read" && slow.every((span) => isAsLongAsItsRows(trace, span))) {
    return "many-rows";
  }
  const own = (removed: (span: SpanIndex) => number) =>
    slow.every((span) => durationNs(trace, span) - removed(span) < callMsMin * 1e6);
  if (own((span) => trace.poolWaitNs[span]!)) return "pool-wait";
  return own((span) => blockedNs(trace, span)) ? "event-loop-block" : undefined;
}

/** So many rows, so fast, are read and sent and made to objects, and no index makes them fewer. */
function isAsLongAsItsRows(trace: TraceView, span: SpanIndex): boolean {
  const rows = trace.returnedRows[span]!;
  return rows >= manyRowsMin && durationNs(trace, span) <= rows * rowNsMax;
}

const maintenance =
  /^\s*(vacuum|analyze|create\s+(unique\s+)?index|alter\s+table|reindex|cluster|refresh\s+materialized|optimize\s+table|copy|call|do)\b/i;
const blockingRead = /^\s*(blpop|brpop|blmove|bzpop\w*|xread\w*|wait|subscribe|listen|watch)\b/i;
const takesLock =
  /\bfor\s+(no\s+key\s+)?(update|share)\b|\block\s+table\b|_lock\w*\s*\(|\b(pg_)?sleep\s*\(|\bwaitfor\b/i;

function fixOf(trace: TraceView, call: SpanIndex, rows: number | null): readonly string[] {
  const label = callLabel(trace, call);
  const columns = comparedColumns(trace.dbQueryText[call]!);
  const index =
    columns.length === 0
      ? `Look at the plan of ${label} (${explainOf(trace.dbSystemName[call]!)}): a scan of a whole table, a sort on disk, or a wrong estimate of rows is what to change.`
      : `Look at the plan of ${label} (${explainOf(trace.dbSystemName[call]!)}): without an index on ${columns.join(", ")} it reads the whole table.`;
  const less = `Ask for less: only the columns that are used, and a page of the rows (LIMIT, with the last key of the page before).`;
  const keep =
    "If the answer may be some seconds old, keep it for that long, or compute it beforehand.";
  if (rows !== null && rows >= manyRowsMin) return [less, index, keep];
  if (rows !== null && rows <= fewRowsMax) return [index, keep];
  return [index, less, keep];
}

function explainOf(system: string): string {
  if (system === "mongodb") return 'explain("executionStats")';
  return system === "postgresql" ? "EXPLAIN (ANALYZE, BUFFERS)" : "EXPLAIN ANALYZE";
}

/** Columns that are compared with a value, as they are written; at most three. */
function comparedColumns(text: string): string[] {
  const where = /\bwhere\b(.*)/is.exec(text)?.[1] ?? "";
  const compared = /([\w."`]+)\s*(=|<|>|<=|>=|\blike\b|\bin\b|\bbetween\b)\s*[($?:@%\d']/gi;
  const columns = [...where.matchAll(compared)].map(([, column]) => column!);
  return [...new Set(columns)].slice(0, 3);
}
