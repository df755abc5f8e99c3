import type { Store } from "../../storage/store.ts";
import { type CriticalPathProfile, criticalPathProfile } from "../facts/critical-path-profile.ts";
import { type TraceCoverage, traceCoverage } from "../facts/trace-coverage.ts";
import { learnUnawaited } from "../facts/unawaited-spans.ts";
import { sampleEndpoint } from "./endpoint-sample.ts";
import type { EndpointKey } from "./endpoint-window.ts";

/**
 * Where an endpoint's time goes: the critical paths of a uniform sample of its traces in [fromS, toS), added up, and
 * what these traces do not say.
 */
export async function readEndpointPath(
  store: Store,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
): Promise<CriticalPathProfile & { readonly coverage: TraceCoverage }> {
  const sample = await sampleEndpoint(store, { ...endpoint, ...window });
  const traces = sample.map(({ trace }) => trace);
  const isUnawaited = learnUnawaited(traces);
  return { ...criticalPathProfile(sample, { isUnawaited }), coverage: traceCoverage(traces) };
}
