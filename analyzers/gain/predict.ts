import type { TraceChange } from "../detector.ts";
import { criticalPath } from "../facts/critical-path.ts";
import { withDescendants } from "../facts/with-descendants.ts";
import type { Finding } from "../model/finding.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { contentionOf } from "./contention.ts";
import { predictGain } from "./predict-gain.ts";
import type { IsIndependent } from "./retimed-duration.ts";
import { goldenShare, type Simulated, simulate } from "./simulate.ts";

/** One trace of a uniform sample of an endpoint's traces. */
export interface FixedTrace {
  readonly trace: TraceView;
  readonly endpointSpan: SpanIndex;
  /** What the fix changes in it; none where the fault is not seen. */
  readonly changes: readonly TraceChange[];
  /** Spans that nobody waits for, as learned over the sample. */
  readonly isUnawaited?: (span: SpanIndex) => boolean;
  /** Whether other traces show that the later call does not wait for the earlier one. */
  readonly isIndependent?: IsIndependent;
}

/**
 * What a fix brings to an endpoint: to all of its traces, and not only to those that have the fault. The seed (the
 * finding's id) makes the prediction the same each time it is made.
 */
export function predictFix(
  sample: readonly FixedTrace[],
  seed: string,
): Pick<Finding, "prediction" | "predictionMissing"> {
  const { after, assumptions } = simulateSample(sample);
  const gains = sample.map(({ trace, endpointSpan }, i) => ({
    durationNs: trace.end[endpointSpan]! - trace.start[endpointSpan]!,
    weight: trace.weight[endpointSpan]!,
    after: after[i]!,
  }));
  const kinds = new Set(sample.flatMap(({ changes }) => changes.map(({ kind }) => kind)));
  return predictGain(gains, { seed, kinds: [...kinds], assumptions });
}

export interface SimulatedSample {
  readonly after: readonly Simulated[];
  /** What was learned of the sample to say so, in words. */
  readonly assumptions: readonly string[];
}

/** Each trace as the fix leaves it, at the same time as all others. */
export function simulateSample(sample: readonly FixedTrace[]): SimulatedSample {
  const { stretches, assumptions } = contentionOf(sample);
  const after = sample.map(({ trace, endpointSpan, changes, ...options }, i) =>
    simulate(trace, endpointSpan, changes, {
      ...options,
      draw: drawOf(i),
      stretches: stretches[i]!,
    }),
  );
  return { after, assumptions };
}

/** The chance of the nth trace of a sample: even over 0 … 1, and the same each time. */
function drawOf(n: number): number {
  return (n * goldenShare) % 1;
}

/** Share of the sample's time that the spans of the changes, and those below them, hold on the critical path: 0 … 1. */
export function criticalPathShare(sample: readonly FixedTrace[]): number {
  let heldNs = 0;
  let allNs = 0;
  for (const { trace, endpointSpan, changes, ...options } of sample) {
    const changed = withDescendants(
      trace,
      changes.flatMap(({ spans }) => spans),
    );
    const weight = trace.weight[endpointSpan]!;
    for (const { span, start, end } of criticalPath(trace, endpointSpan, options)) {
      allNs += weight * (end - start);
      if (changed.has(span)) heldNs += weight * (end - start);
    }
  }
  return allNs === 0 ? 0 : heldNs / allNs;
}
