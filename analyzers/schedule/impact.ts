import type { EndpointTotalsRow } from "../../storage/queries/endpoint-totals.ts";
import type { OccurrenceTotalsRow } from "../../storage/queries/occurrence-totals.ts";
import { criticalPathShare, type FixedTrace, simulateSample } from "../gain/predict.ts";
import type { Impact } from "../model/finding.ts";

const secondsPerDay = 86_400;
/** A burst is not taken to go on all day at a rate that was measured over less than this. */
const rateSecondsMin = 60;

/**
 * What a fault costs. The share is one of all the endpoint's sampled traces, also of those without the fault; where
 * the endpoint can't be sampled, of the traces that have it.
 */
export function toImpact(
  totals: OccurrenceTotalsRow,
  requests: readonly EndpointTotalsRow[],
  sample: readonly FixedTrace[],
): Impact {
  const { criticalNsSum, endpointDurationNsSum } = totals;
  const ofAffected = Math.min(1, criticalNsSum / Math.max(1, endpointDurationNsSum));
  return {
    criticalPathShare: sample.length > 0 ? criticalPathShare(sample) : ofAffected,
    secondsPerDay: (criticalNsSum / 1e9) * meanWeight(requests) * timesPerDay(totals),
  };
}

/** By how much all that was seen is multiplied to make a day. From n sightings, n - 1 intervals are known. */
function timesPerDay({ tracesAffected, firstSeenMs, lastSeenMs }: OccurrenceTotalsRow): number {
  const traces = Number(tracesAffected);
  if (traces < 2) return 1;
  const seenS = Math.max(rateSecondsMin, (lastSeenMs - firstSeenMs) / 1000);
  return ((secondsPerDay / seenS) * (traces - 1)) / traces;
}

/** Requests that a stored one stands for. */
function meanWeight(requests: readonly EndpointTotalsRow[]): number {
  const stored = requests.reduce((sum, row) => sum + row.requestsStored, 0);
  return stored > 0 ? requests.reduce((sum, row) => sum + row.requests, 0) / stored : 1;
}

/**
 * Share of the fault's time on the critical path that the fix takes away, 0 … 1: as simulated, or, where no trace of
 * the sample has the fault, all calls but one.
 */
export function savedShareOf(sample: readonly FixedTrace[], repeats: number): number {
  const heldShare = criticalPathShare(sample);
  if (heldShare === 0) return 1 - 1 / Math.max(1, repeats);
  let savedNs = 0;
  let allNs = 0;
  const { after } = simulateSample(sample);
  for (const [i, { trace, endpointSpan }] of sample.entries()) {
    const weight = trace.weight[endpointSpan]!;
    const durationNs = trace.end[endpointSpan]! - trace.start[endpointSpan]!;
    allNs += weight * durationNs;
    savedNs += weight * (durationNs - after[i]!.expected);
  }
  return Math.min(1, savedNs / allNs / heldShare);
}
