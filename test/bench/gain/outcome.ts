import { createRandom } from "../../../analyzers/gain/random.ts";
import type { PredictedChange, Prediction } from "../../../analyzers/model/finding.ts";
import type { GainCase, Level } from "./gain-cases.ts";

/** What was predicted and what came of it, for one percentile. Durations in milliseconds. */
export interface Outcome {
  readonly name: string;
  readonly kind: GainCase["kind"];
  readonly faults: GainCase["faults"];
  readonly level: Level;
  readonly percentile: "p50" | "p95";
  readonly beforeMs: number;
  /** Of the endpoint, once it is fixed. */
  readonly afterMs: number;
  readonly predictedGainMs: number;
  readonly gainMs: number;
  /** From 5 % to 95 % of bootstrap resamples of both runs, slice by slice. */
  readonly gainLowMs: number;
  readonly gainHighMs: number;
  /** |predicted - realised gain| / realised gain. */
  readonly error: number;
  /** Of the predicted interval, over the predicted gain. */
  readonly width: number;
  /** Whether the duration of the fixed endpoint lies in the predicted interval. */
  readonly isHeld: boolean;
}

const shares = { p50: 0.5, p95: 0.95 } as const;
const resamples = 400;

/** Durations are those of the endpoint's server spans in order of time, nanoseconds. */
export function toOutcomes(
  { name, kind, faults }: GainCase,
  level: Level,
  prediction: Prediction,
  durations: { readonly faulty: readonly number[]; readonly fixed: readonly number[] },
): Outcome[] {
  return (["p50", "p95"] as const).map((percentile) => {
    const share = shares[percentile];
    const predicted = prediction[percentile];
    const beforeNs = quantile(durations.faulty, share);
    const afterNs = quantile(durations.fixed, share);
    const predictedGainNs = predicted.beforeNs - predicted.afterNs;
    const gainNs = beforeNs - afterNs;
    const [lowNs, highNs] = gainInterval(durations, share);
    return {
      name,
      kind,
      faults,
      level,
      percentile,
      beforeMs: beforeNs / 1e6,
      afterMs: afterNs / 1e6,
      predictedGainMs: predictedGainNs / 1e6,
      gainMs: gainNs / 1e6,
      gainLowMs: lowNs / 1e6,
      gainHighMs: highNs / 1e6,
      error: Math.abs(predictedGainNs - gainNs) / Math.abs(gainNs),
      width: widthNs(predicted) / Math.max(1, Math.abs(predictedGainNs)),
      isHeld: afterNs >= predicted.afterLowNs && afterNs <= predicted.afterHighNs,
    };
  });
}

function widthNs({ afterHighNs, afterLowNs }: PredictedChange): number {
  return afterHighNs - afterLowNs;
}

/**
 * What was measured is no more certain than it repeats itself: each form ran in two slices, and what drifts between them is no
 * gain. So slices are drawn, and of each runs of neighbours: what is slow by its surroundings is slow together with others.
 */
function gainInterval(
  { faulty, fixed }: { readonly faulty: readonly number[]; readonly fixed: readonly number[] },
  share: number,
): [number, number] {
  const random = createRandom("gain");
  const draw = (values: readonly number[]) => {
    const slices = [values.slice(0, values.length / 2), values.slice(values.length / 2)];
    return slices.flatMap(() => drawRuns(slices[Math.floor(random() * slices.length)]!, random));
  };
  const gains = Array.from(
    { length: resamples },
    () => quantile(draw(faulty), share) - quantile(draw(fixed), share),
  );
  return [quantile(gains, 0.05), quantile(gains, 0.95)];
}

function drawRuns(values: readonly number[], random: () => number): number[] {
  const runLength = Math.ceil(Math.cbrt(values.length));
  const drawn: number[] = [];
  while (drawn.length < values.length) {
    const from = Math.floor(random() * values.length);
    for (let i = 0; i < runLength; i++) drawn.push(values[(from + i) % values.length]!);
  }
  return drawn.slice(0, values.length);
}

/** The smallest value that `share` of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Of two outcomes of one level and percentile whose realised gains differ for sure: is the larger one predicted larger? */
export function countOrder(outcomes: readonly Outcome[]): { right: number; wrong: string[] } {
  const surePairs = outcomes.flatMap((a, i) =>
    outcomes
      .slice(i + 1)
      .filter((b) => a.level === b.level && a.percentile === b.percentile)
      .map((b) => (a.gainMs < b.gainMs ? { less: a, more: b } : { less: b, more: a }))
      .filter(({ less, more }) => less.gainHighMs < more.gainLowMs),
  );
  const wrong = surePairs.filter(({ less, more }) => less.predictedGainMs >= more.predictedGainMs);
  return {
    right: surePairs.length - wrong.length,
    wrong: wrong.map(
      ({ less, more }) => `${more.level} ${more.percentile}: ${less.name} before ${more.name}`,
    ),
  };
}
