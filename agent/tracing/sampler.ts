/**
 * Which traces are kept, by their randomness (OpenTelemetry, "TraceState: Probability Sampling"): the last 56 bits of
 * the trace's id, or the `rv` that its trace state names. A trace is kept when that is at or above the rejection
 * threshold T = (1 - ratio) · 2^56. The same trace is so kept or left out by every process that uses the same ratio or a
 * larger one.
 */
export interface Sampler {
  /** Whether a caller's decision is followed where there is one. */
  readonly isParentBased: boolean;
  /** "" when every trace is kept, else `th:HEX` for the trace state's `ot` member. */
  readonly threshold: string;
  /** `high`: 24 bits, `low`: 32 bits of randomness. */
  isKept(high: number, low: number): boolean;
  /** From now on keeps only `share` of what it keeps by itself; 1 is all of that. */
  reduceTo(share: number): void;
  /** Traces that were left out by `reduceTo` alone. */
  tracesShed: number;
}

/** As `OTEL_TRACES_SAMPLER` names them. */
export type SamplerName =
  | "always_on"
  | "always_off"
  | "traceidratio"
  | "parentbased_always_on"
  | "parentbased_always_off"
  | "parentbased_traceidratio";

export function createSampler(name: SamplerName, ratio: number): Sampler {
  const kept = name.endsWith("always_on") ? 1 : name.endsWith("always_off") ? 0 : ratio;
  return new ProbabilitySampler(name.startsWith("parentbased_"), Math.min(Math.max(kept, 0), 1));
}

/** 28 bits are as exact as a ratio that somebody writes down. */
const wholes = 2 ** 28;

/** The highest randomness that is rejected, plus one; of 28 bits. */
export function toRejectBelow(ratio: number): number {
  return Math.round((1 - ratio) * wholes);
}

/** "" when nothing is rejected. */
export function toThreshold(rejectBelow: number): string {
  if (rejectBelow <= 0 || rejectBelow >= wholes) return "";
  return `th:${rejectBelow.toString(16).padStart(7, "0").replace(/0+$/, "")}`;
}

/** Of 24 and 32 bits the first 28. */
export function toRandomness(high: number, low: number): number {
  return high * 16 + (low >>> 28);
}

class ProbabilitySampler implements Sampler {
  readonly isParentBased: boolean;
  tracesShed = 0;
  threshold = "";
  readonly #ratio: number;
  readonly #ownRejectBelow: number;
  #rejectBelow = 0;

  constructor(isParentBased: boolean, ratio: number) {
    this.isParentBased = isParentBased;
    this.#ratio = ratio;
    this.#ownRejectBelow = toRejectBelow(ratio);
    this.reduceTo(1);
  }

  reduceTo(share: number): void {
    this.#rejectBelow = toRejectBelow(this.#ratio * share);
    this.threshold = toThreshold(this.#rejectBelow);
  }

  isKept(high: number, low: number): boolean {
    const randomness = toRandomness(high, low);
    if (randomness >= this.#rejectBelow) return true;
    if (randomness >= this.#ownRejectBelow) this.tracesShed += 1;
    return false;
  }
}
