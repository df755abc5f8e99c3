/** What the analyzers did since the process started; shown by `/metrics` and the UI. Plain data. */
export interface AnalysisCounters {
  runs: number;
  runErrors: number;
  tracesExamined: number;
  /** Settled traces were examined up to this time; null before the first run. */
  examinedUntilMs: number | null;
  /** By detector id. */
  readonly detectorErrors: Record<string, number>;
}

/** All zero, with an entry for each detector. */
export function createAnalysisCounters(detectorIds: readonly string[]): AnalysisCounters {
  return {
    runs: 0,
    runErrors: 0,
    tracesExamined: 0,
    examinedUntilMs: null,
    detectorErrors: Object.fromEntries(detectorIds.map((id) => [id, 0])),
  };
}
