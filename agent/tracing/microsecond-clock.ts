/**
 * Adds to wall time what it lacks below the millisecond, from the monotonic clock. The distance of the two clocks is
 * kept, so that spans of one process keep their order, and follows when the wall clock is set or drifts: the result is
 * always within the millisecond that `wallMs` names.
 */
export function createMicrosecondClock(): (wallMs: number, monotonicMs: number) => number {
  const lastInMs = 0.999;
  let distanceMs: number | undefined;
  return (wallMs, monotonicMs) => {
    // Not before there is a trace: Node loads what stands behind `performance` with its first use.
    distanceMs ??= performance.timeOrigin;
    const preciseMs = distanceMs + monotonicMs;
    const withinMs = Math.min(Math.max(preciseMs, wallMs), wallMs + lastInMs);
    distanceMs += withinMs - preciseMs;
    return withinMs;
  };
}
