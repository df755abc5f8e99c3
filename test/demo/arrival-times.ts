/**
 * When requests arrive, in milliseconds from the start, in order: one at a random moment of each slot. Their number
 * is exact, their distances are not, and no answer can hold them up.
 *
 *   2 per second   |--x-------|--------x-|x---------|-----x----|
 */
export function arrivalTimes(
  perSecond: number,
  durationMs: number,
  random: () => number = Math.random,
): number[] {
  const slotMs = 1_000 / perSecond;
  const slots = Math.floor(durationMs / slotMs);
  return Array.from({ length: slots }, (_, slot) => (slot + random()) * slotMs);
}

/**
 * The same number of requests of users who know nothing of each other: at random moments of the whole time, so that some come
 * together and others leave a pause. Sooner or later requests meet, whatever the rate.
 *
 *   2 per second   |---x-x------|-----------|-x---------|----------x|
 */
export function independentArrivalTimes(
  perSecond: number,
  durationMs: number,
  random: () => number = Math.random,
): number[] {
  const count = Math.round((durationMs * perSecond) / 1_000);
  return Array.from({ length: count }, () => random() * durationMs).sort((a, b) => a - b);
}
