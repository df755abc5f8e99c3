export interface PairedRatio {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  /** With 90 % confidence the true median is not below it. */
  readonly lower90: number;
}

/**
 * Of the ratios of two figures that were measured in the same cycle. The bound is an order statistic: how many of n
 * values lie below their median is binomial, whatever their distribution.
 */
export function toPairedRatio(ratios: readonly number[]): PairedRatio {
  const sorted = ratios.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
    lower90: sorted[lowerRank(sorted.length)]!,
  };
}

export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  return below + (sorted[Math.ceil(at)]! - below) * (at % 1);
}

/** The largest rank whose value lies above the median with a probability of at most 10 %; else the smallest value. */
function lowerRank(count: number): number {
  let ways = 1;
  let below = 0;
  for (let rank = 0; rank < count; rank += 1) {
    below += ways;
    if (below / 2 ** count > 0.1) return Math.max(rank - 1, 0);
    ways = (ways * (count - rank)) / (rank + 1);
  }
  return 0;
}
