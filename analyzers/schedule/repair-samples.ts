import type { Store } from "../../storage/store.ts";
import type { TraceDetector } from "../detector.ts";
import type { RepairedTrace } from "../gain/cumulative-gain.ts";
import type { FixedTrace } from "../gain/predict.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import { endpointsAtOnce, sampleEndpoints } from "./endpoint-sample.ts";
import type { EndpointWindow } from "./endpoint-window.ts";
import { repairedSample } from "./repaired-sample.ts";
import type { TraceCache } from "./trace-cache.ts";

export interface RepairOptions extends ErrorReport {
  readonly store: Store;
  /** Traces that samples have in common, from one time to the next. */
  readonly cache?: TraceCache;
}

/** A finding, and the endpoint and time whose traces its fix is replayed on. */
interface Repair {
  readonly fingerprint: string;
  readonly detector: TraceDetector;
  readonly window: EndpointWindow;
}

/**
 * By fingerprint: the sampled traces of its endpoint, each with what the fix would change in it (often nothing). Findings of
 * one endpoint whose windows are nearly the same share one sample.
 */
export async function repairSamples(
  options: RepairOptions,
  repairs: readonly Repair[],
): Promise<ReadonlyMap<string, readonly FixedTrace[]>> {
  const fixed = new Map<string, readonly FixedTrace[]>();
  const groups = groupByWindow(repairs);
  for (let at = 0; at < groups.length; at += endpointsAtOnce) {
    const some = groups.slice(at, at + endpointsAtOnce);
    const windows = some.map(([first]) => first!.window);
    const samples = await sampleEndpoints(options.store, windows, options.cache);
    for (const [i, shared] of some.entries()) {
      const detectors = [...new Set(shared.map(({ detector }) => detector))];
      const repaired = repairedSample(samples[i]!, detectors, (id, { traceId }, error) =>
        countDetectorError(options, id, `trace ${traceId}`, error),
      );
      for (const { fingerprint } of shared) fixed.set(fingerprint, toFixed(repaired, fingerprint));
    }
  }
  return fixed;
}

function toFixed(repaired: readonly RepairedTrace[], fingerprint: string): FixedTrace[] {
  return repaired.map(({ changesOf, ...trace }) => ({
    ...trace,
    changes: changesOf.get(fingerprint) ?? [],
  }));
}

/** Windows of which both ends differ by less than this share of their length are one: the first stands for all. */
const likeShareMax = 0.05;

function groupByWindow(repairs: readonly Repair[]): Repair[][] {
  const groups: Repair[][] = [];
  for (const repair of repairs) {
    const group = groups.find(([first]) => isAlike(first!.window, repair.window));
    if (group) group.push(repair);
    else groups.push([repair]);
  }
  return groups;
}

function isAlike(a: EndpointWindow, b: EndpointWindow): boolean {
  const isSame =
    a.service === b.service &&
    a.environment === b.environment &&
    a.method === b.method &&
    a.route === b.route;
  const allowedS = (b.toS - b.fromS) * likeShareMax;
  return isSame && Math.abs(a.fromS - b.fromS) <= allowedS && Math.abs(a.toS - b.toS) <= allowedS;
}
