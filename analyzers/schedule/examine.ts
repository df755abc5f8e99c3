import type { SettledTraceRow } from "../../storage/queries/settled-traces.ts";
import type { Row, Store } from "../../storage/store.ts";
import type { Observation, TraceDetector } from "../detector.ts";
import type { TraceView } from "../model/trace-view.ts";
import type { AnalysisCounters } from "./analysis-counters.ts";
import { toFingerprint } from "./fingerprint.ts";
import { toOccurrence } from "./occurrence.ts";
import { coverAll, readTraces, type TimeRange } from "./read-traces.ts";

/** What examining needs; the schedule hands it in. */
export interface Examiner {
  readonly store: Store;
  readonly detectors: readonly TraceDetector[];
  readonly counters: AnalysisCounters;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** Traces whose spans are in memory at once. */
const tracesAtOnce = 50;

/**
 * Runs every detector over settled traces and stores what they saw, one occurrence a (fingerprint, trace, detector
 * version): examining a trace again changes nothing. Returns the fingerprints that were seen and not held back.
 */
export async function examineTraces(
  examiner: Examiner,
  settled: readonly SettledTraceRow[],
): Promise<Map<string, TraceDetector>> {
  const seen = new Map<string, TraceDetector>();
  const range = coverAll(settled);
  const wanted = await selectCandidates(examiner, settled, range);
  const ids = [...wanted.keys()].sort();
  for (let at = 0; at < ids.length; at += tracesAtOnce) {
    const traces = await readTraces(examiner.store, ids.slice(at, at + tracesAtOnce), range);
    const occurrences = traces.flatMap((trace) =>
      wanted
        .get(trace.traceId)!
        .flatMap((detector) => examineTrace(examiner, detector, trace, seen)),
    );
    if (occurrences.length > 0) await examiner.store.insertRows("occurrences", occurrences);
  }
  examiner.counters.tracesExamined += settled.length;
  return seen;
}

/** The occurrences of one detector in one trace; adds to `seen` what no guard held back. */
function examineTrace(
  examiner: Examiner,
  detector: TraceDetector,
  trace: TraceView,
  seen: Map<string, TraceDetector>,
): Row[] {
  return detectSafely(examiner, detector, trace).map((observation) => {
    const fingerprint = toFingerprint(detector.meta.id, observation.identity);
    if (!observation.suppressedBy) seen.set(fingerprint, detector);
    return toOccurrence(fingerprint, detector.meta, trace, observation, examiner.now());
  });
}

/** Which detectors want which traces. One SQL a detector; a detector without candidates wants them all. */
async function selectCandidates(
  { store, detectors }: Examiner,
  settled: readonly SettledTraceRow[],
  { fromS, toS }: TimeRange,
): Promise<Map<string, TraceDetector[]>> {
  const all = settled.map(({ traceId }) => traceId);
  const wanted = new Map<string, TraceDetector[]>();
  for (const detector of detectors) {
    const { candidates, meta } = detector;
    const parameters = { ...numbersOf(meta.defaults), traces: all, from: fromS, to: toS };
    const query = { name: `${meta.id}-candidates`, sql: candidates ?? "" };
    const ids = candidates
      ? (await store.select<{ trace_id: string }>(query, parameters)).map((row) => row.trace_id)
      : all;
    for (const id of ids) wanted.set(id, [...(wanted.get(id) ?? []), detector]);
  }
  return wanted;
}

/** A detector that throws on an odd trace is counted and logged; the others and the next trace carry on. */
export function detectSafely(
  { counters, log }: Pick<Examiner, "counters" | "log">,
  { meta, detect }: TraceDetector,
  trace: TraceView,
): Observation[] {
  try {
    return detect(trace, meta.defaults);
  } catch (error) {
    counters.detectorErrors[meta.id]!++;
    log(`detector ${meta.id} failed on trace ${trace.traceId}: ${error}`);
    return [];
  }
}

/** The numeric options, to be bound in a detector's SQL by their names. */
export function numbersOf(options: unknown): Record<string, number> {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === "number",
    ),
  );
}
