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
 * order and waiting. What is found in one trace is looked for in all of them by `optionsOnceKnown`, too: the fix changes
 * also those in which it would not be worth a finding.
 */
export function repairedSample(
  sample: readonly SampledTrace[],
  detectors: readonly TraceDetector[],
  onError: OnDetectorError,
): RepairedTrace[] {
  const order = new LearnedOrder();
  for (const { trace } of sample) order.learn(trace);
  const isUnawaited = learnUnawaited(sample.map(({ trace }) => trace));
  const found = detectors.flatMap((detector) => {
    const look = (from: TraceDetector) =>
      sample.map(({ trace, endpointSpan }) => {
        try {
          return changesHere(from, trace, endpointSpan, order);
        } catch (error) {
          onError(detector.meta.id, trace, error);
          return new Map<string, TraceChange[]>();
        }
      });
    const reported = look(detector);
    const isKnown = new Set(reported.flatMap((changes) => [...changes.keys()]));
    const lenient = toLenient(detector);
    if (isKnown.size === 0 || !lenient) return [reported];
    const further = look(lenient).map(
      (changes) => new Map([...changes].filter(([fingerprint]) => isKnown.has(fingerprint))),
    );
    return [further, reported];
  });
  return sample.map(({ trace, endpointSpan }, i) => ({
    trace,
    endpointSpan,
    isUnawaited: (span: number) => isUnawaited(trace, span),
    isIndependent: (earlier: number, later: number) => order.isIndependent(trace, earlier, later),
    // Of one fingerprint what is reported counts, which comes after what is found beyond.
    changesOf: new Map(found.flatMap((changes) => [...changes[i]!])),
  }));
}

function toLenient(detector: TraceDetector): TraceDetector | null {
  const { meta } = detector;
  if (!meta.optionsOnceKnown) return null;
  const defaults = { ...(meta.defaults as object), ...meta.optionsOnceKnown };
  return { ...detector, meta: { ...meta, defaults } };
}

function changesHere(
  detector: TraceDetector,
  trace: TraceView,
  endpointSpan: number,
  order: LearnedOrder,
): Map<string, TraceChange[]> {
  const changesOf = new Map<string, TraceChange[]>();
  for (const [fingerprint, observations] of detectFingerprints(detector, trace, order)) {
    const changes = observations
      .filter((seen) => !seen.suppressedBy && seen.endpointSpan === endpointSpan)
      .flatMap((seen) => seen.changes);
    if (changes.length > 0) changesOf.set(fingerprint, changes);
  }
  return changesOf;
}
