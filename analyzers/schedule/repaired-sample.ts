import type { TraceChange, TraceDetector } from "../detector.ts";
import { LearnedOrder } from "../facts/learned-order.ts";
import { learnUnawaited } from "../facts/unawaited-spans.ts";
import type { RepairedTrace } from "../gain/cumulative-gain.ts";
import type { TraceView } from "../model/trace-view.ts";
import type { SampledTrace } from "./endpoint-sample.ts";
import { detectFingerprints } from "./examine.ts";

/** A detector threw on a trace of the sample; it is taken to find nothing there. */
export type OnDetectorError = (detector: string, trace: TraceView, error: unknown) => void;

/**
 * What the detectors' fixes would change in each trace of a sample, by fingerprint, given what all traces say about
 * order and waiting.
 */
export function repairedSample(
  sample: readonly SampledTrace[],
  detectors: readonly TraceDetector[],
  onError: OnDetectorError,
): RepairedTrace[] {
  const order = new LearnedOrder();
  for (const { trace } of sample) order.learn(trace);
  const isUnawaited = learnUnawaited(sample.map(({ trace }) => trace));
  return sample.map(({ trace, endpointSpan }) => ({
    trace,
    endpointSpan,
    isUnawaited: (span: number) => isUnawaited(trace, span),
    isIndependent: (earlier: number, later: number) => order.isIndependent(trace, earlier, later),
    changesOf: new Map(
      detectors.flatMap((detector) => {
        try {
          return changesHere(detector, trace, endpointSpan, order);
        } catch (error) {
          onError(detector.meta.id, trace, error);
          return [];
        }
      }),
    ),
  }));
}

function changesHere(
  detector: TraceDetector,
  trace: TraceView,
  endpointSpan: number,
  order: LearnedOrder,
): [string, readonly TraceChange[]][] {
  return [...detectFingerprints(detector, trace, order)].flatMap(([fingerprint, observations]) => {
    const changes = observations
      .filter((seen) => !seen.suppressedBy && seen.endpointSpan === endpointSpan)
      .flatMap((seen) => seen.changes);
    return changes.length === 0 ? [] : [[fingerprint, changes]];
  });
}
