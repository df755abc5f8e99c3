import type { TraceChange } from "../detector.ts";
import type { Finding, PredictedChange } from "../model/finding.ts";
import { words } from "./assumption.ts";
import { createRandom } from "./random.ts";
import type { Simulated } from "./simulate.ts";

/** One trace of a uniform sample of an endpoint's traces, by time; `after` equals `durationNs` where the fix changes nothing. */
export interface SampledGain {
  readonly durationNs: number;
  /** 1 / sampling probability. */
  readonly weight: number;
  readonly after: Simulated;
}

export interface GainOptions {
  /** What is done to the traces; none: nothing that could be told. */
  readonly kinds?: readonly TraceChange["kind"][];
  /** What was learned of the sample beside, in words. */
  readonly assumptions?: readonly string[];
  readonly seed?: string;
  readonly tracesMin?: number;
  readonly resamples?: number;
}

/**
 * What the fix does to the endpoint's p50 and p95. The sample says how sure we are of the percentiles, the simulation's
 * assumptions how sure of the fix: over bootstrap resamples of the traces, the interval runs from the best 5 % of the
 * optimistic outcome to the worst 5 % of the pessimistic one. It is an interval of the outcome, which can be measured
 * after the fix; one of the difference would also hold the noise of the percentile before, often larger than the gain.
 * Equal samples and seeds: equal predictions.
 */
export function predictGain(
  sample: readonly SampledGain[],
  { kinds = [], assumptions = [], seed = "", tracesMin = 30, resamples = 400 }: GainOptions = {},
): Pick<Finding, "prediction" | "predictionMissing"> {
  if (sample.length < tracesMin) {
    const predictionMissing = `${sample.length} traces of this endpoint are in the sample; a prediction needs ${tracesMin}`;
    return { prediction: null, predictionMissing };
  }
  const random = createRandom(seed);
  const columns = toColumns(sample);
  const whole = new Float64Array(sample.map(({ weight }) => weight));
  const resampled = Array.from({ length: resamples }, () => resample(sample, random));
  return {
    prediction: {
      p50: predictChange(0.5, columns, whole, resampled),
      p95: predictChange(0.95, columns, whole, resampled),
      method: `${sample.length} traces of the endpoint were replayed with ${kinds.map((kind) => words[kind].fix).join(", and ") || "nothing changed"}; bootstrap over ${resamples} resamples of runs of traces`,
      assumptions: [
        "spans keep their own time; they wait for all that ended before them (at worst), or not for what other traces show that they don't need (at best)",
        ...kinds.map((kind) => words[kind].assumption),
        ...assumptions,
        "the time between calls that become one goes away (at worst it stays)",
      ],
      traces: sample.length,
    },
  };
}

/** The durations of all traces, and the order of the traces by duration, so that a resample needs no sorting. */
interface Column {
  readonly ns: Float64Array;
  readonly byNs: Uint32Array;
}

type Columns = { readonly [Name in keyof Simulated | "before"]: Column };

function toColumns(sample: readonly SampledGain[]): Columns {
  return {
    before: toColumn(sample.map(({ durationNs }) => durationNs)),
    pessimistic: toColumn(sample.map(({ after }) => after.pessimistic)),
    expected: toColumn(sample.map(({ after }) => after.expected)),
    optimistic: toColumn(sample.map(({ after }) => after.optimistic)),
  };
}

function toColumn(values: readonly number[]): Column {
  const ns = Float64Array.from(values);
  return { ns, byNs: Uint32Array.from(values.keys()).sort((a, b) => ns[a]! - ns[b]!) };
}

/**
 * Traces as they may be measured after the fix: as many as there are, drawn twice with replacement; the weight of each,
 * times how often it was drawn. The first draw is what the sample knows of the endpoint, in runs of neighbours in time:
 * what is slow because of its surroundings is so together with others, and tells less than as many traces on their own.
 * The second is what so many requests show of an endpoint that is like the first.
 */
function resample(sample: readonly SampledGain[], random: () => number): Float64Array {
  const { length } = sample;
  const runLength = Math.ceil(Math.cbrt(length));
  const drawn: number[] = [];
  while (drawn.length < length) {
    const from = Math.floor(random() * length);
    for (let i = 0; i < runLength && drawn.length < length; i++) drawn.push((from + i) % length);
  }
  const weights = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const at = drawn[Math.floor(random() * length)]!;
    weights[at]! += sample[at]!.weight;
  }
  return weights;
}

function predictChange(
  share: number,
  { before, pessimistic, expected, optimistic }: Columns,
  whole: Float64Array,
  resampled: readonly Float64Array[],
): PredictedChange {
  const beforeNs = percentile(before, whole, share);
  const afterNs = percentile(expected, whole, share);
  // Noise may lift a percentile above today's; a fix does not, unless the simulation says so.
  const highestNs = Math.max(beforeNs, percentile(pessimistic, whole, share));
  const even = new Float64Array(resampled.length).fill(1);
  const ofResamples = (after: Column) =>
    toColumn(resampled.map((weights) => percentile(after, weights, share)));
  return {
    beforeNs,
    afterNs,
    afterHighNs: Math.max(
      afterNs,
      Math.min(highestNs, percentile(ofResamples(pessimistic), even, 0.95)),
    ),
    afterLowNs: Math.min(afterNs, percentile(ofResamples(optimistic), even, 0.05)),
  };
}

/** The smallest value that `share` of the weight does not exceed. */
function percentile({ ns, byNs }: Column, weights: Float64Array, share: number): number {
  let left = share * weights.reduce((sum, weight) => sum + weight, 0);
  let value = 0;
  for (const at of byNs) {
    if (weights[at] === 0) continue;
    value = ns[at]!;
    left -= weights[at]!;
    if (left <= 0) break;
  }
  return value;
}
