import type { TraceDetector } from "../detector.ts";
import type { Confidence } from "../model/finding.ts";

/** Whether so many traces, of so many requests of the endpoint, are too few to make it a finding. */
export function isRare(
  { meta: { seenMin } }: Pick<TraceDetector, "meta">,
  seen: {
    readonly traces: number;
    readonly requests: number;
    /** Of the surest trace. */
    readonly confidence: Confidence;
  },
): boolean {
  if (!seenMin) return false;
  const { traces, share, unprovedShare = share } = seenMin;
  const shareMin = seen.confidence === "high" ? share : unprovedShare;
  return seen.traces < traces || seen.traces < shareMin * seen.requests;
}
