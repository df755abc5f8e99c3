import {
  type OccurrenceOfTraceRow,
  type OccurrencesOfTracesParameters,
  occurrencesOfTracesQuery,
} from "../../storage/queries/occurrences-of-traces.ts";
import type { Row, Store } from "../../storage/store.ts";
import type { SettledTrace } from "./settled-trace.ts";

/** The guard's name of an occurrence that an examination with all spans no longer shows … */
const lateSpans = "late-spans";
/** … and of one that a newer version of its detector does not report. */
const olderRule = "older-rule";
/** Traces of one query: their ids are part of it. */
const tracesAtOnce = 1_000;
/** Rows of one query. What is more is not taken back, and is the finding's for its 30 days. */
const occurrencesMax = 100_000;

/** What is stored of traces that may have been examined before, with less spans than they have now. */
export async function readStanding(
  store: Store,
  settled: readonly SettledTrace[],
): Promise<OccurrenceOfTraceRow[]> {
  const again = settled.filter(({ mayBeAgain }) => mayBeAgain).map(({ traceId }) => traceId);
  const standing: OccurrenceOfTraceRow[] = [];
  for (let from = 0; from < again.length; from += tracesAtOnce) {
    const parameters: OccurrencesOfTracesParameters = {
      traceIds: again.slice(from, from + tracesAtOnce),
      takenBack: [lateSpans, olderRule],
      occurrencesMax,
    };
    const rows = await store.select<OccurrenceOfTraceRow>(occurrencesOfTracesQuery, parameters);
    standing.push(...rows);
  }
  return standing;
}

/** Fingerprint and trace of each occurrence that was just stored, and whether it is reported: no guard held it back. */
export class Occurred {
  readonly #isReported = new Map<string, boolean>();

  add({ fingerprint, trace_id, suppressed_by }: Row): void {
    this.#isReported.set(`${fingerprint} ${trace_id}`, suppressed_by === "");
  }

  /** undefined: it did not occur. */
  isReported({ fingerprint, traceId }: OccurrenceOfTraceRow): boolean | undefined {
    return this.#isReported.get(`${fingerprint} ${traceId}`);
  }
}

/**
 * Takes back what half of a trace seemed to show. A trace that settles again has spans that its first examination had not: a root
 * that gives another endpoint, a write between two equal queries. Its occurrence under a fingerprint that it no longer has
 * stays stored, held back by `late-spans`; so does, by `older-rule`, what an older version than `version` reported and this
 * one does not. Returns the fingerprints of findings that count a trace less. `standing`: of traces and of a detector that
 * were judged just now; what failed has said nothing.
 */
export async function takeBackOutdated(
  store: Store,
  standing: readonly OccurrenceOfTraceRow[],
  occurred: Occurred,
  { version, nowMs }: { readonly version: number; readonly nowMs: number },
): Promise<string[]> {
  const outdated = standing.filter((row) =>
    row.detectorVersion === version
      ? occurred.isReported(row) === undefined
      : row.guard === "" && !occurred.isReported(row),
  );
  if (outdated.length > 0) {
    await store.insertRows(
      "occurrences",
      outdated.map((row) => ({
        ...toTakenBack(row, nowMs),
        suppressed_by: row.detectorVersion === version ? lateSpans : olderRule,
      })),
    );
  }
  return standing
    .filter((row) => row.guard === "" && !occurred.isReported(row))
    .map(({ fingerprint }) => fingerprint);
}

function toTakenBack(row: OccurrenceOfTraceRow, seenAt: number): Row {
  return {
    fingerprint: row.fingerprint,
    trace_id: row.traceId,
    detector: row.detector,
    detector_version: row.detectorVersion,
    ts: row.tsMs,
    seen: seenAt,
    span_ids: row.spanIds,
    evidence: row.evidence,
  };
}
