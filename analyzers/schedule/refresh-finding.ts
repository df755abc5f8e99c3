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
import type { Confidence, Finding, SampleTrace } from "../model/finding.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import { type EndpointKey, type SampledTrace, sampleEndpoint } from "./endpoint-sample.ts";
import { savedShareOf, toImpact } from "./impact.ts";
import { isRare } from "./is-rare.ts";
import type { OccurrenceEvidence } from "./occurrence.ts";
import { repairedSample } from "./repaired-sample.ts";
import { orderVersions } from "./service-versions.ts";
import { readFinding, storeFinding, takeBackFinding } from "./stored-finding.ts";

export interface RefreshOptions extends ErrorReport {
  readonly store: Store;
  readonly now: () => number;
}

/** Evidence is counted over this long. */
const evidenceMs = 24 * 3_600_000;

/** All that a finding is made of. */
interface Facts {
  readonly totals: OccurrenceTotalsRow;
  readonly samples: readonly OccurrenceSampleRow[];
  /** By version; none: the endpoint is no route of a server. */
  readonly requests: readonly EndpointTotalsRow[];
  /** The endpoint's sampled traces, each with what the fix would change in it (often nothing). */
  readonly fixed: readonly FixedTrace[];
  /** The finding as it was; undefined: it is new. */
  readonly known: Finding | undefined;
}

/**
 * Merges the occurrences of one fingerprint into its finding, predicts what the fix saves, and stores it.
 * null: nothing was seen in the evidence window, or too seldom.
 */
export async function refreshFinding(
  options: RefreshOptions,
  fingerprint: string,
  detector: TraceDetector,
): Promise<Finding | null> {
  const facts = await readFacts(options, fingerprint, detector);
  if (!facts) await takeBackWhatNothingShows(options, fingerprint);
  if (!facts || isRare(detector, countSeen(facts))) return null;
  const finding = toFinding(detector, facts);
  const savedShare = savedShareOf(facts.fixed, finding.evidence.repeatsMedian);
  await storeFinding(options.store, finding, { savedShare, nowMs: options.now() });
  return finding;
}

/** A finding that stands without an occurrence was seen in traces that turned out otherwise, once all their spans had come. */
async function takeBackWhatNothingShows({ store, now }: RefreshOptions, fingerprint: string) {
  const everything = { fingerprints: [fingerprint], sinceMs: 0, findingsMax: 1 };
  const seen = await store.select<OccurrenceTotalsRow>(occurrenceTotalsQuery, everything);
  const known = seen.length === 0 ? await readFinding(store, fingerprint) : undefined;
  if (known) await takeBackFinding(store, known, now());
}

/** Of an endpoint whose requests can't be counted only the traces are. */
function countSeen({ totals, requests }: Facts): { traces: number; requests: number } {
  return { traces: Number(totals.tracesAffected), requests: countRequests(requests) };
}

function countRequests(requests: readonly EndpointTotalsRow[]): number {
  return requests.reduce((sum, row) => sum + row.requestsStored, 0);
}

async function readFacts(
  options: RefreshOptions,
  fingerprint: string,
  detector: TraceDetector,
): Promise<Facts | null> {
  const { store, now } = options;
  const evidence = { fingerprints: [fingerprint], sinceMs: now() - evidenceMs };
  const [totals] = await store.select<OccurrenceTotalsRow>(occurrenceTotalsQuery, {
    ...evidence,
    findingsMax: 1,
  });
  if (!totals) return null;
  const samples = await store.select<OccurrenceSampleRow>(occurrenceSamplesQuery, {
    ...evidence,
    samplesMax: 3,
  });
  const { service, environment, method, route } = totals;
  const endpoint: EndpointKey = { service, environment, method, route };
  const window = {
    fromS: Math.floor(totals.firstSeenMs / 1000),
    toS: Math.ceil(totals.lastSeenMs / 1000) + 1,
  };
  const requests = await store.select<EndpointTotalsRow>(endpointTotalsQuery, {
    ...endpoint,
    ...window,
  });
  const sample = requests.length > 0 ? await sampleEndpoint(store, endpoint, window) : [];
  return {
    totals,
    samples,
    requests,
    fixed: fixSample(options, fingerprint, detector, sample),
    known: await readFinding(store, fingerprint),
  };
}

/** What the fix changes in each trace of the sample. */
function fixSample(
  options: RefreshOptions,
  fingerprint: string,
  detector: TraceDetector,
  sample: readonly SampledTrace[],
): FixedTrace[] {
  const repaired = repairedSample(sample, [detector], (id, { traceId }, error) =>
    countDetectorError(options, id, `trace ${traceId}`, error),
  );
  return repaired.map(({ changesOf, ...trace }) => ({
    ...trace,
    changes: changesOf.get(fingerprint) ?? [],
  }));
}

function toFinding({ meta }: TraceDetector, facts: Facts): Finding {
  const { totals, samples, requests, fixed, known } = facts;
  const tracesAffected = Number(totals.tracesAffected);
  const tracesOfEndpoint = countRequests(requests);
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
    ...(totals.otherEndpoints.length > 0 && {
      otherEndpoints: totals.otherEndpoints.map(([method, route]) => ({ method, route })),
    }),
    ...toEvidence(facts),
    firstSeenAt: Math.min(totals.firstSeenMs, known?.firstSeenAt ?? Number.POSITIVE_INFINITY),
    lastSeenAt: totals.lastSeenMs,
    serviceVersions: orderVersions(known?.serviceVersions ?? [], totals.serviceVersions, requests),
    evidence: {
      tracesAffected,
      tracesOfEndpoint: Math.max(tracesOfEndpoint, tracesAffected),
      repeatsMedian: Number(totals.repeatsMedian),
      repeatsMax: Number(totals.repeatsMax),
      sampleTraces: samples.map(toSampleTrace),
    },
    impact: toImpact(totals, requests, fixed),
    ...predict(meta, facts),
  };
}

/**
 * Sentence and fix of a typical trace, so that they don't change with each new one; the call site of the newest trace
 * that has one, because lines move.
 */
function toEvidence({ totals, samples, known }: Facts): OccurrenceEvidence {
  const latest: OccurrenceEvidence = JSON.parse(totals.latestEvidence);
  const typical = samples.find(({ role }) => role === "typical") ?? samples[0];
  const evidence: OccurrenceEvidence[] = samples.map((sample) => JSON.parse(sample.evidence));
  const seen = [latest, ...evidence].find(({ callSite }) => callSite !== null);
  return {
    ...(typical ? (JSON.parse(typical.evidence) as OccurrenceEvidence) : latest),
    callSite: seen?.callSite ?? known?.callSite ?? null,
  };
}

function predict(
  { gainElsewhere }: TraceDetector["meta"],
  { totals, requests, fixed }: Facts,
): Pick<Finding, "prediction" | "predictionMissing"> {
  const isSeen = fixed.some(({ changes }) => changes.length > 0);
  if (gainElsewhere && !isSeen) return { prediction: null, predictionMissing: gainElsewhere };
  if (requests.length === 0) {
    const predictionMissing =
      "it is not seen under a route (http.route) of a server, and only such endpoints are sampled";
    return { prediction: null, predictionMissing };
  }
  if (fixed.length > 0 && !isSeen) {
    const predictionMissing = `it is in none of the ${fixed.length} sampled traces of this endpoint, too rare to predict from`;
    return { prediction: null, predictionMissing };
  }
  return predictFix(fixed, totals.fingerprint);
}

function mostConfident(confidences: readonly string[]): Confidence {
  const order: readonly Confidence[] = ["high", "medium", "low"];
  return order.find((confidence) => confidences.includes(confidence)) ?? "low";
}

function toSampleTrace({ traceId, role, durationNs, spanIds }: OccurrenceSampleRow): SampleTrace {
  return { traceId, role, durationNs, spanIds };
}
