/** 1240 → "1,240" */
export function formatCount(count: number): string {
  return count.toLocaleString("en", { maximumFractionDigits: 0 });
}

/** 1 → "1 trace", 2 → "2 traces" */
export function formatCountOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** 0.384 → "38 %"; what is there but rounds to nothing is "<1 %". */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return "<1\u00a0%";
  return `${Math.round(share * 100)}\u00a0%`;
}

/** 8280 → "2.3 h" */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${round(seconds)}\u00a0s`;
  if (seconds < 3600) return `${round(seconds / 60)}\u00a0min`;
  return `${round(seconds / 3600)}\u00a0h`;
}

function round(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
}
