import { StorageError } from "../../storage/store.ts";
import type { AnalysisCounters } from "./analysis-counters.ts";

export interface ErrorReport {
  readonly counters: AnalysisCounters;
  readonly log: (line: string) => void;
}

/**
 * For the catch around one detector's work: counts the error, logs the first of each detector, and lets the others
 * carry on. A store that is away is nobody's fault: that error is thrown again, and the run is repeated.
 */
export function countDetectorError(
  { counters, log }: ErrorReport,
  detector: string,
  what: string,
  error: unknown,
): void {
  if (error instanceof StorageError && error.code === "STORE_UNAVAILABLE") throw error;
  const before = counters.detectorErrors[detector] ?? 0;
  counters.detectorErrors[detector] = before + 1;
  if (before === 0) log(`detector ${detector} failed on ${what}; more are only counted: ${error}`);
}
