/** A limit of the analysis, and so why something was left out. */
type AnalysisLimit =
  /** The store could not return one trace within its limits: it was not examined. */
  | "trace_too_large"
  /** A detector saw more in one trace than is stored of one trace. */
  | "observations_of_trace"
  /** More findings changed at once than may wait for their numbers; they come back with their next trace. */
  | "findings_waiting";

/** What the analyzers did since their thread started; shown by `/metrics` and the UI. Plain data. */
export interface AnalysisCounters {
  runs: number;
  runErrors: number;
  tracesExamined: number;
  /** Settled traces were examined up to this time; null before the first run. */
  examinedUntilMs: number | null;
  /** Findings whose numbers are due, and for which there was no time yet; they are older than they should be. */
  findingsWaiting: number;
  /** By detector id. */
  readonly detectorErrors: Record<string, number>;
  readonly dropped: Record<AnalysisLimit, number>;
}

/** All zero, with an entry for each detector. */
export function createAnalysisCounters(detectorIds: readonly string[]): AnalysisCounters {
  return {
    runs: 0,
    runErrors: 0,
    tracesExamined: 0,
    examinedUntilMs: null,
    findingsWaiting: 0,
    detectorErrors: Object.fromEntries(detectorIds.map((id) => [id, 0])),
    dropped: { trace_too_large: 0, observations_of_trace: 0, findings_waiting: 0 },
  };
}
