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
import { numbersOf } from "./candidates.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import { toFingerprint } from "./fingerprint.ts";
import { orderVersions } from "./service-versions.ts";
import { readFinding, storeFinding } from "./stored-finding.ts";

export interface WindowOptions extends ErrorReport {
  readonly store: Store;
  readonly windowDetectors: readonly WindowDetector[];
  /** Whether the finding is to be computed anew; what is not, is left as it is stored. */
  readonly isDue: (fingerprint: string) => boolean;
  readonly now: () => number;
}

interface TimeWindow {
  readonly fromS: number;
  readonly toS: number;
}

/** The window that a detector judges. */
const windowMs = 3_600_000;
const findingsMax = 200;
/** Traces that the slowest, middle and fastest are picked from. */
const sampleMax = 200;
/**
 * A window says that something is slow, and not what to change: a tenth of it is what one fix is expected to save. So
 * whatever causes more than that is ranked before its symptom.
 */
const savedShare = 0.1;

/** Runs every window detector over the last hour; stores what they find, and hands it out. */
export async function* findInWindow(options: WindowOptions): AsyncGenerator<Finding> {
  const nowMs = options.now();
  const window = { fromS: Math.floor((nowMs - windowMs) / 1000), toS: Math.ceil(nowMs / 1000) };
  for (const detector of options.windowDetectors) {
    for (const row of await selectRows(options, detector, window)) {
      const finding = await toFinding(options, detector, row, window);
      if (finding) yield finding;
    }
  }
}

async function selectRows(
  options: WindowOptions,
  { meta, query }: WindowDetector,
  { fromS, toS }: TimeWindow,
): Promise<unknown[]> {
  const parameters = { ...numbersOf(meta.defaults), from: fromS, to: toS, findingsMax };
  try {
    return await options.store.select<unknown>({ name: meta.id, sql: query }, parameters);
  } catch (error) {
    countDetectorError(options, meta.id, "its window", error);
    return [];
  }
}

/** The stored finding; null: it is not due, or the detector failed on this row. */
async function toFinding(
  options: WindowOptions,
  { meta, toObservation }: WindowDetector,
  row: unknown,
  window: TimeWindow,
): Promise<Finding | null> {
  const { store, isDue, now } = options;
  try {
    const observation = toObservation(row, meta.defaults);
    const id = toFingerprint(meta.id, observation.identity);
    if (!isDue(id)) return null;
    const finding: Finding = {
      id,
      detector: meta.id,
      detectorVersion: meta.version,
      title: meta.title,
      severity: meta.severity,
      status: "new",
      callSite: null,
      shape: null,
      prediction: null,
      predictionMissing:
        "the endpoint as a whole is slow: its critical path says which part to look at first",
      ...(await describe(store, id, observation, window)),
    };
    await storeFinding(store, finding, { savedShare, nowMs: now() });
    return finding;
  } catch (error) {
    countDetectorError(options, meta.id, JSON.stringify(row), error);
    return null;
  }
}

/** What, where, how often, and where to look: the slowest, the middle and the fastest of a uniform sample. */
async function describe(
  store: Store,
  id: string,
  observation: WindowObservation,
  window: TimeWindow,
) {
  const { summary, confidence, fix, secondsPerDay } = observation;
  const { service, environment, method, route } = observation;
  const parameters = { service, environment, method, route, ...window };
  const sampleQuery = { ...parameters, tracesMax: sampleMax };
  const sample = await store.select<EndpointSampleRow>(endpointSampleQuery, sampleQuery);
  const requests = await store.select<EndpointTotalsRow>(endpointTotalsQuery, parameters);
  const known = await readFinding(store, id);
  // Whole minutes, but never the future: the window's end is rounded up.
  const lastSeenAt = Math.min(window.toS - 1, Math.max(...requests.map(({ toS }) => toS))) * 1000;
  const traces = requests.reduce((sum, { requestsStored }) => sum + requestsStored, 0);
  const versions = requests.map(({ serviceVersion }) => serviceVersion);
  return {
    summary,
    confidence,
    fix,
    service,
    environment,
    endpoint: { method, route },
    firstSeenAt: Math.min(lastSeenAt, known?.firstSeenAt ?? lastSeenAt),
    lastSeenAt,
    serviceVersions: orderVersions(known?.serviceVersions ?? [], versions, requests),
    evidence: {
      tracesAffected: traces,
      tracesOfEndpoint: traces,
      repeatsMedian: 1,
      repeatsMax: 1,
      sampleTraces: pickSamples(sample),
    },
    impact: { criticalPathShare: 1, secondsPerDay },
  };
}

/** One trace alone is "slow"; of two, the second is "fast". */
function pickSamples(sample: readonly EndpointSampleRow[]): SampleTrace[] {
  const slowestFirst = sample.toSorted((a, b) => b.durationNs - a.durationNs);
  const roles = new Map<EndpointSampleRow | undefined, SampleTrace["role"]>([
    [slowestFirst[slowestFirst.length >> 1], "typical"],
    [slowestFirst.at(-1), "fast"],
    [slowestFirst[0], "slow"],
  ]);
  return slowestFirst.flatMap((row) => {
    const role = roles.get(row);
    return role ? [{ traceId: row.traceId, role, durationNs: row.durationNs, spanIds: [] }] : [];
  });
}
