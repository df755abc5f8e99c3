import { setTimeout as delay } from "node:timers/promises";

const patienceMs = 60_000;

/** Resolves once `isTrue` says so; rejects when it does not within a minute. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${patienceMs} ms: ${isTrue}`);
    await delay(25);
  }
}
