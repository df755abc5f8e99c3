import type { TraceChange } from "../detector.ts";
import type { Prediction } from "../model/finding.ts";
import { type FixedTrace, type SimulatedSample, simulateSample } from "./predict.ts";
import { predictGain } from "./predict-gain.ts";
import type { Simulated } from "./simulate.ts";

/** One trace of a uniform sample of an endpoint's traces, with what each of several fixes changes in it. */
export interface RepairedTrace extends Omit<FixedTrace, "changes"> {
  /** By fix; a fix that changes nothing here may be missing. */
  readonly changesOf: ReadonlyMap<string, readonly TraceChange[]>;
}

/** The endpoint once this fix is made, and all those before it. */
export interface CumulativeStep {
  readonly fix: string;
  readonly prediction: Prediction;
}

/**
 * In which order to make several fixes, and what is left of the endpoint's p50 and p95 after each: always the fix that
 * saves most beside those made already. Gains don't add up: two fixes may spare the same time, or one may only help
 * once the other is made (of two branches that run at once, the longer one decides).
 *
 *   now             |──a──|──b──|     p95 100 ms
 *   a is fixed      |a|──b──|          60 ms
 *   a and b         |a|b|              20 ms
 *
 * The last step does not depend on the order. Empty when there are too few traces to predict from.
 */
export function cumulativeGain(
  sample: readonly RepairedTrace[],
  fixes: readonly string[],
  seed: string,
): CumulativeStep[] {
  const alone = new Map(fixes.map((fix) => [fix, simulateAll(sample, [fix])]));
  const steps: CumulativeStep[] = [];
  const left = new Set([...fixes].sort());
  const made: string[] = [];
  let before: readonly Simulated[] | undefined;
  while (left.size > 0) {
    const next = [...left]
      .map((fix) => {
        const together = made.length === 0 ? alone.get(fix)! : simulateAll(sample, [...made, fix]);
        // One fix more never makes it slower than those without it, or than itself without the others.
        const after = together.after.map((one, i) =>
          fastest(one, before?.[i], alone.get(fix)!.after[i]!),
        );
        return { fix, after, meanNs: meanNs(sample, after), assumptions: together.assumptions };
      })
      .reduce((best, candidate) => (candidate.meanNs < best.meanNs ? candidate : best));
    left.delete(next.fix);
    made.push(next.fix);
    before = next.after;
    const { prediction } = predictSteps(sample, next, made, seed);
    if (!prediction) return [];
    steps.push({ fix: next.fix, prediction });
  }
  return steps;
}

function simulateAll(sample: readonly RepairedTrace[], fixes: readonly string[]) {
  return simulateSample(
    sample.map(({ changesOf, ...rest }) => ({
      ...rest,
      changes: fixes.flatMap((fix) => changesOf.get(fix) ?? []),
    })),
  );
}

function fastest(one: Simulated, ...others: readonly (Simulated | undefined)[]): Simulated {
  return others.reduce<Simulated>(
    (fast, other) =>
      other === undefined
        ? fast
        : {
            pessimistic: Math.min(fast.pessimistic, other.pessimistic),
            expected: Math.min(fast.expected, other.expected),
            optimistic: Math.min(fast.optimistic, other.optimistic),
          },
    one,
  );
}

function meanNs(sample: readonly RepairedTrace[], after: readonly Simulated[]): number {
  let sum = 0;
  let weights = 0;
  for (const [i, { trace, endpointSpan }] of sample.entries()) {
    const weight = trace.weight[endpointSpan]!;
    sum += weight * after[i]!.expected;
    weights += weight;
  }
  return weights === 0 ? 0 : sum / weights;
}

function predictSteps(
  sample: readonly RepairedTrace[],
  { after, assumptions }: SimulatedSample,
  fixes: readonly string[],
  seed: string,
) {
  const gains = sample.map(({ trace, endpointSpan }, i) => ({
    durationNs: trace.end[endpointSpan]! - trace.start[endpointSpan]!,
    weight: trace.weight[endpointSpan]!,
    after: after[i]!,
  }));
  const changes = sample.flatMap(({ changesOf }) =>
    fixes.flatMap((fix) => changesOf.get(fix) ?? []),
  );
  const kinds = [...new Set(changes.map(({ kind }) => kind))];
  return predictGain(gains, { seed, kinds, assumptions });
}
