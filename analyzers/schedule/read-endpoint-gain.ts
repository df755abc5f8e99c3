import type { Store } from "../../storage/store.ts";
import type { TraceDetector } from "../detector.ts";
import {
  type CumulativeStep,
  cumulativeGain,
  type RepairedTrace,
} from "../gain/cumulative-gain.ts";
import { sampleEndpoint } from "./endpoint-sample.ts";
import type { EndpointKey } from "./endpoint-window.ts";
import { type OnDetectorError, repairedSample } from "./repaired-sample.ts";

/** Fixes that are put in order; each is simulated beside each other. The rest is seen in fewer traces. */
const fixesMax = 5;

export interface EndpointGainOptions {
  readonly store: Store;
  readonly detectors: readonly TraceDetector[];
  readonly onError: OnDetectorError;
}

/**
 * In which order to fix what a sample of an endpoint's traces in [fromS, toS) has, and what is left of p50 and p95
 * after each fix. A step's `fix` is its finding's id.
 */
export async function readEndpointGain(
  { store, detectors, onError }: EndpointGainOptions,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
): Promise<{ readonly traces: number; readonly steps: readonly CumulativeStep[] }> {
  const sample = repairedSample(
    await sampleEndpoint(store, { ...endpoint, ...window }),
    detectors,
    onError,
  );
  const seed = [endpoint.service, endpoint.environment, endpoint.method, endpoint.route].join("\n");
  return { traces: sample.length, steps: cumulativeGain(sample, mostSeen(sample), seed) };
}

function mostSeen(sample: readonly RepairedTrace[]): string[] {
  const traces = new Map<string, number>();
  for (const { changesOf } of sample) {
    for (const fix of changesOf.keys()) traces.set(fix, (traces.get(fix) ?? 0) + 1);
  }
  return [...traces]
    .sort(([a, of], [b, than]) => than - of || (a < b ? -1 : 1))
    .slice(0, fixesMax)
    .map(([fix]) => fix);
}
