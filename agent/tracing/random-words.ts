import { randomFillSync } from "node:crypto";

// Not the global `crypto`: loading it costs an application's start a few milliseconds.
const state = randomFillSync(new Int32Array(4));

/**
 * 32 random bits for an id, never 0, as a signed integer: to V8 a larger number is an object. Marsaglia's xorshift128,
 * seeded by the system: an id must be unlike every other, not impossible to guess, and the system's generator costs ten
 * times as much.
 */
export function randomWord(): number {
  const t = state[0]! ^ (state[0]! << 11);
  state[0] = state[1]!;
  state[1] = state[2]!;
  state[2] = state[3]!;
  const word = state[3]!;
  const next = word ^ (word >>> 19) ^ t ^ (t >>> 8);
  state[3] = next;
  return next || 1;
}
