import { setTimeout as delay } from "node:timers/promises";

/** No measure of speed, and below the time that a test has: a machine that does other work as well must not fail one. */
export const patienceMs = 180_000;

/** Resolves once `isTrue` says so; rejects when it does not in `patienceMs`. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${patienceMs} ms: ${isTrue}`);
    await delay(25);
  }
}
