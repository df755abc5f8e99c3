import type { EndpointSampleRow } from "../../storage/queries/endpoint-sample.ts";
import type { EndpointTotalsRow } from "../../storage/queries/endpoint-totals.ts";
import type { Store } from "../../storage/store.ts";
import type { WindowDetector, WindowObservation } from "../detector.ts";
import type { Finding, SampleTrace } from "../model/finding.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import { readRequests } from "./endpoint-requests.ts";
import { selectSamples } from "./endpoint-sample.ts";
import { toFingerprint } from "./fingerprint.ts";
import { numericOptions } from "./numeric-options.ts";
import { orderVersions } from "./service-versions.ts";
import { type RankedFinding, readFindings, storeFindings } from "./stored-finding.ts";

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
/**
 * A window says that something is slow, and not what to change: a tenth of it is what one fix is expected to save. So
 * whatever causes more than that is ranked before its symptom.
 */
const savedShare = 0.1;

/** Runs every window detector over the last hour; stores what they find and is due, and returns it. */
export async function findInWindow(options: WindowOptions): Promise<Finding[]> {
  const nowMs = options.now();
  const window = { fromS: Math.floor((nowMs - windowMs) / 1000), toS: Math.ceil(nowMs / 1000) };
  const findings: Finding[] = [];
  for (const detector of options.windowDetectors) {
    findings.push(...(await runDetector(options, detector, window)));
  }
  return findings;
}

async function runDetector(
  options: WindowOptions,
  detector: WindowDetector,
  window: TimeWindow,
): Promise<Finding[]> {
  try {
    const seen = await observe(options, detector, window);
    const ranked: RankedFinding[] = seen.map((each) => ({
      finding: describe(detector, each, window),
      savedShare,
    }));
    await storeFindings(options.store, ranked, options.now());
    return ranked.map(({ finding }) => finding);
  } catch (error) {
    countDetectorError(options, detector.meta.id, "its findings", error);
    return [];
  }
}

async function selectRows(
  options: WindowOptions,
  { meta, query }: WindowDetector,
  { fromS, toS }: TimeWindow,
): Promise<unknown[]> {
  const parameters = { ...numericOptions(meta.defaults), from: fromS, to: toS, findingsMax };
  try {
    return await options.store.select<unknown>({ name: meta.id, sql: query }, parameters);
  } catch (error) {
    countDetectorError(options, meta.id, "its window", error);
    return [];
  }
}

/** What a detector saw, and what is known of it. */
interface Seen {
  readonly id: string;
  readonly observation: WindowObservation;
  readonly requests: readonly EndpointTotalsRow[];
  readonly sample: readonly EndpointSampleRow[];
  readonly known: Finding | undefined;
}

/** What is due. */
async function observe(
  options: WindowOptions,
  detector: WindowDetector,
  window: TimeWindow,
): Promise<Seen[]> {
  const { store, isDue } = options;
  const due = (await selectRows(options, detector, window)).flatMap((row) => {
    const observation = toObservation(options, detector, row);
    if (!observation) return [];
    const id = toFingerprint(detector.meta.id, observation.identity);
    return isDue(id) ? { id, observation } : [];
  });
  const known = await readFindings(
    store,
    due.map(({ id }) => id),
  );
  const endpoints = due.map(({ observation }) => ({ ...observation, ...window }));
  const requests = await readRequests(store, endpoints);
  const samples = await selectSamples(store, endpoints);
  return due.map((each, i) => ({
    ...each,
    requests: requests[i]!,
    sample: samples[i]!,
    known: known.get(each.id),
  }));
}

/** null: the detector failed on this row. */
function toObservation(
  options: WindowOptions,
  { meta, toObservation: convert }: WindowDetector,
  row: unknown,
): WindowObservation | null {
  try {
    return convert(row, meta.defaults);
  } catch (error) {
    countDetectorError(options, meta.id, JSON.stringify(row), error);
    return null;
  }
}

/** What, where, how often, and where to look: the slowest, the middle and the fastest of a uniform sample. */
function describe(
  { meta }: WindowDetector,
  { id, observation, requests, sample, known }: Seen,
  window: TimeWindow,
): Finding {
  const { summary, confidence, fix, secondsPerDay } = observation;
  const { service, environment, method, route } = observation;
  // Whole minutes, but never the future: the window's end is rounded up.
  const lastSeenAt = Math.min(window.toS - 1, Math.max(...requests.map(({ toS }) => toS))) * 1000;
  const traces = requests.reduce((sum, { requestsStored }) => sum + requestsStored, 0);
  const versions = requests.map(({ serviceVersion }) => serviceVersion);
  return {
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
