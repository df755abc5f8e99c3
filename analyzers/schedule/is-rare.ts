import type { TraceDetector } from "../detector.ts";

/** Whether so many traces, of so many requests of the endpoint, are too few to make it a finding. */
export function isRare(
  { meta: { seenMin } }: Pick<TraceDetector, "meta">,
  seen: { readonly traces: number; readonly requests: number },
): boolean {
  if (!seenMin) return false;
  return seen.traces < seenMin.traces || seen.traces < seenMin.share * seen.requests;
}
