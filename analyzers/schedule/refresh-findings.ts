import type { EndpointTotalsRow } from "../../storage/queries/endpoint-totals.ts";
import {
  type OccurrenceSampleRow,
  occurrenceSamplesQuery,
} from "../../storage/queries/occurrence-samples.ts";
import {
  type OccurrenceTotalsRow,
  occurrenceTotalsQuery,
} from "../../storage/queries/occurrence-totals.ts";
import { StorageError } from "../../storage/store.ts";
import type { Told, TraceDetector } from "../detector.ts";
import { type FixedTrace, predictFix } from "../gain/predict.ts";
import type { Confidence, Finding, SampleTrace } from "../model/finding.ts";
import { countDetectorError } from "./detector-error.ts";
import { readRequests } from "./endpoint-requests.ts";
import type { EndpointWindow } from "./endpoint-window.ts";
import type { FurtherEvidence } from "./further-evidence.ts";
import { savedShareOf, toImpact } from "./impact.ts";
import { isRare } from "./is-rare.ts";
import type { OccurrenceEvidence } from "./occurrence.ts";
import { type RepairOptions, repairSamples } from "./repair-samples.ts";
import { orderVersions } from "./service-versions.ts";
import {
  type RankedFinding,
  readFindings,
  storeFindings,
  takeBackFindings,
} from "./stored-finding.ts";
import { shapeOf, withoutPassing } from "./without-passing.ts";

export interface RefreshOptions extends RepairOptions {
  /** What the store knows beyond the traces; absent: it is not asked. */
  readonly further?: FurtherEvidence;
  readonly now: () => number;
}

/** What is to be computed anew: occurrences of one fingerprint, seen by `detector`. */
export interface StaleFinding {
  readonly fingerprint: string;
  readonly detector: TraceDetector;
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
  readonly told: Told | undefined;
}

/** By fingerprint; null: nothing was seen of it in the evidence window, or too seldom, or it passes. */
type Refreshed = ReadonlyMap<string, Finding | null>;

/**
 * Merges the occurrences of each fingerprint into its finding, predicts what the fix saves, and stores them. All together:
 * a question to the store costs as much for one as for many, and findings of one endpoint share its sample. When that fails,
 * each half by itself, so that the one at fault is known and alone missing.
 */
export async function refreshFindings(
  options: RefreshOptions,
  stale: readonly StaleFinding[],
): Promise<Refreshed> {
  if (stale.length === 0) return new Map();
  try {
    return await refreshAll(options, stale);
  } catch (error) {
    if (error instanceof StorageError && error.code === "STORE_UNAVAILABLE") throw error;
    if (stale.length === 1) {
      const { fingerprint, detector } = stale[0]!;
      countDetectorError(options, detector.meta.id, `finding ${fingerprint}`, error);
      return new Map();
    }
    const half = stale.length >> 1;
    const first = await refreshFindings(options, stale.slice(0, half));
    return new Map([...first, ...(await refreshFindings(options, stale.slice(half)))]);
  }
}

async function refreshAll(
  options: RefreshOptions,
  stale: readonly StaleFinding[],
): Promise<Refreshed> {
  const refreshed = new Map<string, Finding | null>();
  const ranked: RankedFinding[] = [];
  for (const { fingerprint } of stale) refreshed.set(fingerprint, null);
  for (const { detector, ...facts } of await readFacts(options, stale)) {
    const finding = toFinding(detector, facts);
    const savedShare = savedShareOf(facts.fixed, finding.evidence.repeatsMedian);
    ranked.push({ finding, savedShare });
    refreshed.set(finding.id, finding);
  }
  await storeFindings(options.store, ranked, options.now());
  return refreshed;
}

/** Of those that were seen, and often enough. */
async function readFacts(
  options: RefreshOptions,
  stale: readonly StaleFinding[],
): Promise<(Facts & { readonly detector: TraceDetector })[]> {
  const seen = await readSeen(options, stale);
  const fingerprints = seen.map(({ totals }) => totals.fingerprint);
  if (seen.length === 0) return [];
  const samples = await options.store.select<OccurrenceSampleRow>(occurrenceSamplesQuery, {
    ...toEvidenceWindow(options, fingerprints),
    samplesMax: 3 * seen.length,
  });
  const samplesOf = Map.groupBy(samples, ({ fingerprint }) => fingerprint);
  const known = await readFindings(options.store, fingerprints);
  const fixed = await repairSamples(
    options,
    // What is no route of a server can't be sampled.
    seen.filter(({ requests }) => requests.length > 0),
  );
  const facts = seen.map(({ fingerprint, ...rest }) => ({
    ...rest,
    fingerprint,
    samples: samplesOf.get(fingerprint) ?? [],
    fixed: fixed.get(fingerprint) ?? [],
    known: known.get(fingerprint),
  }));
  const told = await options.further?.tell(
    options,
    facts.map(({ totals, fixed: sample, ...finding }) => ({
      ...finding,
      service: totals.service,
      environment: totals.environment,
      shapeId: shapeOf(totals),
      sample: sample.map(({ trace }) => trace),
      affected: sample.flatMap(({ trace, changes }) => {
        const spans = changes.flatMap((change) => change.spans);
        return spans.length === 0 ? [] : [{ trace, spans }];
      }),
    })),
  );
  return facts.map((each) => ({ ...each, told: told?.get(each.fingerprint) }));
}

function toEvidenceWindow({ now }: RefreshOptions, fingerprints: readonly string[]) {
  return { fingerprints, sinceMs: now() - evidenceMs };
}

/** Without those that nothing was seen of, which are taken back, or too seldom, or by the doing of their surroundings. */
async function readSeen(options: RefreshOptions, stale: readonly StaleFinding[]) {
  const detectorOf = new Map(stale.map(({ fingerprint, detector }) => [fingerprint, detector]));
  const all = await options.store.select<OccurrenceTotalsRow>(occurrenceTotalsQuery, {
    ...toEvidenceWindow(options, [...detectorOf.keys()]),
    findingsMax: stale.length,
  });
  const shown = new Set(all.map(({ fingerprint }) => fingerprint));
  await takeBackWhatNothingShows(
    options,
    stale.filter(({ fingerprint }) => !shown.has(fingerprint)),
  );
  const windows = all.map(toWindow);
  const requests = await readRequests(options.store, windows);
  const often = all
    .map((totals, i) => ({
      fingerprint: totals.fingerprint,
      detector: detectorOf.get(totals.fingerprint)!,
      totals,
      window: windows[i]!,
      requests: requests[i]!,
    }))
    .filter((facts) => !isRare(facts.detector, countSeen(facts)));
  return withoutPassing(options, often, Math.floor((options.now() - evidenceMs) / 1000));
}

/**
 * A finding that stands without an occurrence was seen in traces that turned out otherwise, once all their spans had come, or
 * by an older version of its detector, which the newer one does not confirm.
 */
async function takeBackWhatNothingShows(
  { store, now }: RefreshOptions,
  stale: readonly StaleFinding[],
): Promise<void> {
  if (stale.length === 0) return;
  const fingerprints = stale.map(({ fingerprint }) => fingerprint);
  const everything = { fingerprints, sinceMs: 0, findingsMax: fingerprints.length };
  const seen = await store.select<OccurrenceTotalsRow>(occurrenceTotalsQuery, everything);
  const versions = new Map(seen.map((row) => [row.fingerprint, row.detectorVersion]));
  const hidden = stale
    .filter(({ fingerprint, detector }) => (versions.get(fingerprint) ?? 0) < detector.meta.version)
    .map(({ fingerprint }) => fingerprint);
  const known = await readFindings(store, hidden);
  await takeBackFindings(store, [...known.values()], now());
}

/** Of an endpoint whose requests can't be counted only the traces are. */
function countSeen({ totals, requests }: Pick<Facts, "totals" | "requests">) {
  return {
    traces: Number(totals.tracesAffected),
    requests: countRequests(requests),
    confidence: mostConfident(totals.confidences),
  };
}

function countRequests(requests: readonly EndpointTotalsRow[]): number {
  return requests.reduce((sum, row) => sum + row.requestsStored, 0);
}

/** From the first trace with the fault to the last. */
function toWindow(totals: OccurrenceTotalsRow): EndpointWindow {
  const { service, environment, method, route, firstSeenMs, lastSeenMs } = totals;
  const fromS = Math.floor(firstSeenMs / 1000);
  return { service, environment, method, route, fromS, toS: Math.ceil(lastSeenMs / 1000) + 1 };
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
function toEvidence({ totals, samples, known, told }: Facts): OccurrenceEvidence {
  const latest: OccurrenceEvidence = JSON.parse(totals.latestEvidence);
  const typical = samples.find(({ role }) => role === "typical") ?? samples[0];
  const evidence: OccurrenceEvidence[] = samples.map((sample) => JSON.parse(sample.evidence));
  const seen = [latest, ...evidence].find(({ callSite }) => callSite !== null);
  const main = typical ? (JSON.parse(typical.evidence) as OccurrenceEvidence) : latest;
  return {
    ...main,
    ...(told && {
      summary: `${main.summary}; ${told.clause}`,
      fix: [...told.fix, ...main.fix],
    }),
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
