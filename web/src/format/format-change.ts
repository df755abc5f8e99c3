import type { PredictedChange } from "../../../analyzers/model/finding.ts";
import { formatIn, unitOf } from "./format-duration.ts";

export interface ChangeText {
  /** "820 → 510 ms" */
  readonly values: string;
  /** "−38 %" */
  readonly percent: string;
  /** "430–590 ms", optimistic bound first. */
  readonly interval: string;
}

/** All numbers in the unit that fits the duration before. */
export function formatChange(change: PredictedChange): ChangeText {
  const { beforeNs, afterNs, afterLowNs, afterHighNs } = change;
  const unit = unitOf(beforeNs);
  const [before, after, low, high] = [beforeNs, afterNs, afterLowNs, afterHighNs].map((ns) =>
    formatIn(unit, ns),
  );
  return {
    values: `${before} → ${after}\u00a0${unit.name}`,
    percent: formatPercentChange(beforeNs, afterNs),
    interval: `${low}–${high}\u00a0${unit.name}`,
  };
}

function formatPercentChange(before: number, after: number): string {
  const percent = before === 0 ? 0 : Math.round((100 * Math.abs(after - before)) / before);
  const sign = after < before ? "−" : "+";
  return `${percent === 0 ? "" : sign}${percent}\u00a0%`;
}
