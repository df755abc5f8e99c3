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
