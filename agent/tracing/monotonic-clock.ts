const { hrtime } = process;

/** What `hrtime` says when `performance.now()` says 0; not a number until it is known. */
let originMs = Number.NaN;

/**
 * What `performance.now()` says, by the clock that it reads as well. Before each look Node asks there whether `this` is
 * its own `performance`, and that is more code than the look.
 */
export function monotonicNow(): number {
  const time = hrtime();
  // Node loads what stands behind `performance` with its first use, so not before there is a request.
  if (Number.isNaN(originMs)) originMs = findOrigin();
  return time[0] * 1000 + time[1] / 1e6 - originMs;
}

const triesMax = 5;

/** The two can't be read at once: of some tries the one counts that took the shortest. */
function findOrigin(): number {
  let shortestMs = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let i = 0; i < triesMax; i += 1) {
    const beforeMs = toMs(hrtime());
    const nowMs = performance.now();
    const tookMs = toMs(hrtime()) - beforeMs;
    if (tookMs >= shortestMs) continue;
    shortestMs = tookMs;
    found = beforeMs + tookMs / 2 - nowMs;
  }
  return found;
}

function toMs([seconds, nanoseconds]: [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
