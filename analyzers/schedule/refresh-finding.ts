import {
  type EndpointTotalsRow,
  endpointTotalsQuery,
} from "../../storage/queries/endpoint-totals.ts";
import {
  type OccurrenceSampleRow,
  occurrenceSamplesQuery,
} from "../../storage/queries/occurrence-samples.ts";
import {
  type OccurrenceTotalsRow,
  occurrenceTotalsQuery,
} from "../../storage/queries/occurrence-totals.ts";
import type { Store } from "../../storage/store.ts";
import type { TraceDetector } from "../detector.ts";
import { type FixedTrace, predictFix } from "../gain/predict.ts";
import type { Confidence, Finding, Impact, SampleTrace } from "../model/finding.ts";
import type { AnalysisCounters } from "./analysis-counters.ts";
import { type EndpointKey, sampleEndpoint } from "./endpoint-sample.ts";
import { detectSafely } from "./examine.ts";
import { toFingerprint } from "./fingerprint.ts";
import type { OccurrenceEvidence } from "./occurrence.ts";
import { readFirstSeen, storeFinding } from "./stored-finding.ts";

export interface RefreshOptions {
  readonly store: Store;
  readonly counters: AnalysisCounters;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** Evidence is counted over this long. */
const evidenceMs = 24 * 3_600_000;
const secondsPerDay = 86_400;

/**
 * Merges the occurrences of one fingerprint into its finding, predicts what the fix saves, and stores it.
 * null: nothing was seen in the evidence window.
 */
export async function refreshFinding(
  options: RefreshOptions,
  fingerprint: string,
  detector: TraceDetector,
): Promise<Finding | null> {
  const { store, now } = options;
  const sinceMs = now() - evidenceMs;
  const [totals] = await store.select<OccurrenceTotalsRow>(occurrenceTotalsQuery, {
    fingerprints: [fingerprint],
    sinceMs,
    findingsMax: 1,
  });
  if (!totals) return null;
  const window = {
    fromS: Math.floor(totals.firstSeenMs / 1000),
    toS: Math.ceil(totals.lastSeenMs / 1000) + 1,
  };
  const samples = await store.select<OccurrenceSampleRow>(occurrenceSamplesQuery, {
    fingerprints: [fingerprint],
    sinceMs,
    samplesMax: 3,
  });
  const requests = await store.select<EndpointTotalsRow>(endpointTotalsQuery, {
    ...toKey(totals),
    ...window,
  });
  const fixed = await fixSample(options, fingerprint, detector, toKey(totals), window);
  const finding: Finding = {
    ...toFinding(detector, totals, samples, requests),
    ...predictFix(fixed, fingerprint),
    firstSeenAt: Math.min(totals.firstSeenMs, await readFirstSeen(store, fingerprint)),
  };
  await storeFinding(store, finding, now());
  return finding;
}

function toKey({ service, environment, method, route }: OccurrenceTotalsRow): EndpointKey {
  return { service, environment, method, route };
}

/** The endpoint's sampled traces, each with what this finding's fix would change in it (often nothing). */
async function fixSample(
  options: RefreshOptions,
  fingerprint: string,
  detector: TraceDetector,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
): Promise<FixedTrace[]> {
  const sample = await sampleEndpoint(options.store, endpoint, window);
  return sample.map(({ trace, endpointSpan }) => {
    const observations = detectSafely(options, detector, trace).filter(
      ({ identity, suppressedBy }) =>
        !suppressedBy && toFingerprint(detector.meta.id, identity) === fingerprint,
    );
    return { trace, endpointSpan, changes: observations.flatMap(({ change }) => change ?? []) };
  });
}

function toFinding(
  { meta }: TraceDetector,
  totals: OccurrenceTotalsRow,
  samples: readonly OccurrenceSampleRow[],
  requests: readonly EndpointTotalsRow[],
): Omit<Finding, "prediction"> {
  const evidence: OccurrenceEvidence = JSON.parse(totals.latestEvidence);
  const tracesOfEndpoint = requests.reduce((sum, row) => sum + row.requestsStored, 0);
  return {
    id: totals.fingerprint,
    detector: meta.id,
    detectorVersion: totals.detectorVersion,
    title: meta.title,
    severity: meta.severity,
    confidence: mostConfident(totals.confidences),
    status: "new",
    service: totals.service,
    environment: totals.environment,
    endpoint: { method: totals.method, route: totals.route },
    ...evidence,
    firstSeenAt: totals.firstSeenMs,
    lastSeenAt: totals.lastSeenMs,
    serviceVersions: totals.serviceVersions.filter((version) => version !== ""),
    evidence: {
      tracesAffected: Number(totals.tracesAffected),
      tracesOfEndpoint: Math.max(tracesOfEndpoint, Number(totals.tracesAffected)),
      repeatsMedian: Number(totals.repeatsMedian),
      repeatsMax: Number(totals.repeatsMax),
      sampleTraces: samples.map(toSampleTrace),
    },
    impact: toImpact(totals),
  };
}

function mostConfident(confidences: readonly string[]): Confidence {
  const order: readonly Confidence[] = ["high", "medium", "low"];
  return order.find((confidence) => confidences.includes(confidence)) ?? "low";
}

function toSampleTrace({ traceId, role, durationNs, spanIds }: OccurrenceSampleRow): SampleTrace {
  return { traceId, role, durationNs, spanIds };
}

/** At the rate seen; a finding that is seconds old is taken to go on for at least a minute as it began. */
function toImpact(totals: OccurrenceTotalsRow): Impact {
  const seenS = Math.max(60, (totals.lastSeenMs - totals.firstSeenMs) / 1000);
  return {
    criticalPathShare:
      totals.endpointDurationNsSum > 0 ? totals.criticalNsSum / totals.endpointDurationNsSum : 0,
    secondsPerDay: (totals.criticalNsSum / 1e9 / seenS) * secondsPerDay,
  };
}
