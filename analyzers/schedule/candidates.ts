import type { TraceDetector } from "../detector.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import type { SettledTrace } from "./settled-trace.ts";

interface CandidateReader extends ErrorReport {
  readonly detectors: readonly TraceDetector[];
}

/** Which detectors want to see which of the settled traces, by the traces' signs; traces that nobody wants are left out. */
export function selectCandidates(
  reader: CandidateReader,
  settled: readonly SettledTrace[],
): Map<string, readonly TraceDetector[]> {
  const wanted = new Map<string, readonly TraceDetector[]>();
  for (const trace of settled) {
    const detectors = reader.detectors.filter((detector) => wants(reader, detector, trace));
    if (detectors.length > 0) wanted.set(trace.traceId, detectors);
  }
  return wanted;
}

function wants(report: ErrorReport, detector: TraceDetector, { traceId, signs }: SettledTrace) {
  if (!signs || !detector.isCandidate) return true;
  try {
    return detector.isCandidate(signs, detector.meta.defaults);
  } catch (error) {
    countDetectorError(report, detector.meta.id, `the signs of trace ${traceId}`, error);
    return false;
  }
}
