import type { Row, Store } from "../../storage/store.ts";
import type { Observation, TraceDetector } from "../detector.ts";
import type { LearnedOrder } from "../facts/learned-order.ts";
import type { TraceView } from "../model/trace-view.ts";
import { selectCandidates } from "./candidates.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import { toFingerprint } from "./fingerprint.ts";
import { toOccurrence } from "./occurrence.ts";
import { readTraces } from "./read-traces.ts";
import type { SettledTrace } from "./settled-trace.ts";
import { Occurred, readStanding, takeBackOutdated } from "./take-back.ts";

/** What examining needs; the schedule hands it in. */
export interface Examiner extends ErrorReport {
  readonly store: Store;
  readonly detectors: readonly TraceDetector[];
  /** What was learned of the order of calls; learns from every trace that is read. */
  readonly order: LearnedOrder;
  readonly now: () => number;
}

/**
 * A read costs its query as much as its spans; so many ordinary traces are some ten thousand spans. They are looked at in smaller
 * parts, so that what is worked out of them is young when it is forgotten: otherwise a quarter of the time is garbage collection.
 */
export const examineLimits = { tracesAtOnce: 2_000, spansMax: 100_000, spansAtOnce: 4_000 };

/** Occurrences of one insert: each costs as much as some hundred rows. */
const rowsAtOnce = 1_000;

/** Findings that one detector may have in one trace; a generated trace could have as many as it has spans. */
const occurrencesOfTraceMax = 100;

/**
 * Runs every detector over settled traces and stores what they saw, one occurrence a (fingerprint, trace, detector
 * version): examining a trace again changes nothing, unless it has more spans by now. Returns the fingerprints whose findings
 * count other traces than before.
 */
export async function examineTraces(
  examiner: Examiner,
  settled: readonly SettledTrace[],
): Promise<Map<string, TraceDetector>> {
  const { store, counters, log } = examiner;
  const errorsBefore = { ...counters.detectorErrors };
  const standing = await readStanding(store, settled);
  const occurred = new Occurred();
  const tooLarge = new Set<string>();
  const seen = new Map<string, TraceDetector>();
  const onTooLarge = (traceId: string, error: Error) => {
    counters.dropped.trace_too_large++;
    tooLarge.add(traceId);
    log(`trace ${traceId} is too large to be examined: ${error.message}`);
  };
  for await (const rows of examineCandidates(examiner, settled, seen, onTooLarge)) {
    await store.insertRows("occurrences", rows);
    for (const row of rows) occurred.add(row);
  }
  for (const detector of examiner.detectors) {
    const { id, version } = detector.meta;
    if (counters.detectorErrors[id] !== errorsBefore[id]) continue;
    const judged = standing.filter(
      (row) => row.detector === id && row.detectorVersion <= version && !tooLarge.has(row.traceId),
    );
    const as = { version, nowMs: examiner.now() };
    for (const fingerprint of await takeBackOutdated(store, judged, occurred, as)) {
      seen.set(fingerprint, detector);
    }
  }
  counters.tracesExamined += settled.length;
  return seen;
}

/** The occurrences in all traces that may have any, in lists worth an insert; none is empty. */
async function* examineCandidates(
  examiner: Examiner,
  settled: readonly SettledTrace[],
  seen: Map<string, TraceDetector>,
  onTooLarge: (traceId: string, error: Error) => void,
): AsyncGenerator<readonly Row[]> {
  const wanted = selectCandidates(examiner, settled);
  const candidates = settled.filter(({ traceId }) => wanted.has(traceId));
  const limits = { ...examineLimits, onTooLarge };
  let rows: Row[] = [];
  for await (const traces of readTraces(examiner.store, candidates, limits)) {
    // All of them first: what the last one shows holds for the first one, too.
    for (const trace of traces) examiner.order.learn(trace);
    for (const trace of traces) {
      for (const detector of wanted.get(trace.traceId)!) {
        for (const row of examineTrace(examiner, detector, trace, seen)) rows.push(row);
      }
    }
    if (rows.length < rowsAtOnce) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

/** The occurrences of one detector in one trace; adds to `seen` what no guard held back. */
function examineTrace(
  examiner: Examiner,
  detector: TraceDetector,
  trace: TraceView,
  seen: Map<string, TraceDetector>,
): Row[] {
  const { counters, now } = examiner;
  const rows: Row[] = [];
  try {
    for (const [fingerprint, observations] of detectFingerprints(detector, trace, examiner.order)) {
      if (rows.length === occurrencesOfTraceMax) {
        counters.dropped.observations_of_trace++;
        continue;
      }
      rows.push(toOccurrence(fingerprint, detector.meta, trace, observations, now()));
      if (observations.some(({ suppressedBy }) => !suppressedBy)) seen.set(fingerprint, detector);
    }
  } catch (error) {
    countDetectorError(examiner, detector.meta.id, `trace ${trace.traceId}`, error);
  }
  return rows;
}

/** What a detector sees in a trace, by fingerprint. Throws what the detector throws. */
export function detectFingerprints(
  { meta, detect }: TraceDetector,
  trace: TraceView,
  order: LearnedOrder,
): Map<string, Observation[]> {
  return Map.groupBy(detect(trace, meta.defaults, order), ({ identity }) =>
    toFingerprint(meta.id, identity),
  );
}
