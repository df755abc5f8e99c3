import type { Store } from "../../storage/store.ts";
import { type CriticalPathProfile, criticalPathProfile } from "../facts/critical-path-profile.ts";
import { type EndpointKey, sampleEndpoint } from "./endpoint-sample.ts";

/** Where an endpoint's time goes: the critical paths of a uniform sample of its traces in [fromS, toS), added up. */
export async function readEndpointPath(
  store: Store,
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
): Promise<CriticalPathProfile> {
  return criticalPathProfile(await sampleEndpoint(store, endpoint, window));
}
