import {
  type EndpointSampleRow,
  endpointSampleQuery,
} from "../../storage/queries/endpoint-sample.ts";
import {
  type EndpointTotalsRow,
  endpointTotalsQuery,
} from "../../storage/queries/endpoint-totals.ts";
import type { Store } from "../../storage/store.ts";
import type { WindowDetector, WindowObservation } from "../detector.ts";
import type { Finding, SampleTrace } from "../model/finding.ts";
import type { AnalysisCounters } from "./analysis-counters.ts";
import type { EndpointKey } from "./endpoint-sample.ts";
import { numbersOf } from "./examine.ts";
import { toFingerprint } from "./fingerprint.ts";
import { readFirstSeen, storeFinding } from "./stored-finding.ts";

export interface WindowOptions {
  readonly store: Store;
  readonly windowDetectors: readonly WindowDetector[];
  readonly counters: AnalysisCounters;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** The window that a detector judges. */
const windowMs = 3_600_000;
const findingsMax = 200;
/** Traces that the slowest, middle and fastest are picked from. */
const sampleMax = 200;

/** Runs every window detector over the last hour; stores and returns what they find. */
export async function findInWindow(options: WindowOptions): Promise<Finding[]> {
  const { store, windowDetectors, counters, log, now } = options;
  const window = { fromS: Math.floor((now() - windowMs) / 1000), toS: Math.ceil(now() / 1000) };
  const findings: Finding[] = [];
  for (const detector of windowDetectors) {
    const { meta, query, toObservation } = detector;
    const parameters = {
      ...numbersOf(meta.defaults),
      from: window.fromS,
      to: window.toS,
      findingsMax,
    };
    const rows = await store.select<unknown>({ name: meta.id, sql: query }, parameters);
    for (const row of rows) {
      try {
        findings.push(
          await toFinding(options, detector, toObservation(row, meta.defaults), window),
        );
      } catch (error) {
        counters.detectorErrors[meta.id]!++;
        log(`detector ${meta.id} failed on ${JSON.stringify(row)}: ${error}`);
      }
    }
  }
  return findings;
}

async function toFinding(
  { store, now }: WindowOptions,
  { meta }: WindowDetector,
  observation: WindowObservation,
  window: { readonly fromS: number; readonly toS: number },
): Promise<Finding> {
  const { identity, summary, confidence, fix, requests, secondsPerDay, ...endpoint } = observation;
  const id = toFingerprint(meta.id, identity);
  const { sampleTraces, serviceVersions } = await readSample(store, endpoint, window);
  const finding: Finding = {
    id,
    detector: meta.id,
    detectorVersion: meta.version,
    title: meta.title,
    summary,
    severity: meta.severity,
    confidence,
    status: "new",
    service: endpoint.service,
    environment: endpoint.environment,
    endpoint: { method: endpoint.method, route: endpoint.route },
    callSite: null,
    shape: null,
    firstSeenAt: Math.min(now(), await readFirstSeen(store, id)),
    lastSeenAt: now(),
    serviceVersions,
    evidence: {
      tracesAffected: requests,
      tracesOfEndpoint: requests,
      repeatsMedian: 1,
      repeatsMax: 1,
      sampleTraces,
    },
    impact: { criticalPathShare: 1, secondsPerDay },
    prediction: null,
    predictionMissing:
      "the endpoint as a whole is slow: its critical path says which part to look at first",
    fix,
  };
  await storeFinding(store, finding, now());
  return finding;
}

/** Where to look: the slowest, the middle and the fastest of a uniform sample, and the versions that answered. */
async function readSample(
  store: Store,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
): Promise<{ sampleTraces: SampleTrace[]; serviceVersions: string[] }> {
  const rows = await store.select<EndpointSampleRow>(endpointSampleQuery, {
    ...endpoint,
    ...window,
    tracesMax: sampleMax,
  });
  const totals = await store.select<EndpointTotalsRow>(endpointTotalsQuery, {
    ...endpoint,
    ...window,
  });
  const slowestFirst = rows.toSorted((a, b) => b.durationNs - a.durationNs);
  const roles = new Map<EndpointSampleRow | undefined, SampleTrace["role"]>([
    [slowestFirst.at(-1), "fast"],
    [slowestFirst[slowestFirst.length >> 1], "typical"],
    [slowestFirst[0], "slow"],
  ]);
  return {
    sampleTraces: slowestFirst.flatMap((row) => {
      const role = roles.get(row);
      return role ? [{ traceId: row.traceId, role, durationNs: row.durationNs, spanIds: [] }] : [];
    }),
    serviceVersions: totals.map((row) => row.serviceVersion).filter((version) => version !== ""),
  };
}
