/** "0.4 ms", "42 ms", "1.3 s": as exact as a sentence needs. */
export function durationText(ns: number): string {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(1)} s`;
  return ns >= 1e6 || ns === 0 ? `${Math.round(ns / 1e6)} ms` : `${(ns / 1e6).toFixed(1)} ms`;
}
