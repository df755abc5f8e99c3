import type { JournalLimits } from "./journal-limits.ts";

/**
 * A map that is full, also of what was deleted from it, is built anew at once, which takes 10 ms and more where it
 * holds 100,000 bodies. So there are several, none of which grows beyond this.
 */
const bodiesOfMapMax = 4_096;

/**
 * Remembers which bodies were accepted lately, so that a client's retry is not stored again. The oldest are forgotten
 * first: when their time is over, or when there are more than `rememberBodiesMax` of them.
 */
export class AcceptedBodies {
  /** When each was accepted, by its hash; the oldest map first, and in it the oldest body. */
  readonly #maps: Map<string, number>[] = [new Map()];
  readonly #rememberMs: number;
  readonly #bodiesMax: number;
  #size = 0;
  /** Bodies that were forgotten before their time. */
  forgottenEarly = 0;

  constructor(limits: Pick<JournalLimits, "rememberBodiesMs" | "rememberBodiesMax">) {
    this.#rememberMs = limits.rememberBodiesMs;
    this.#bodiesMax = limits.rememberBodiesMax;
  }

  get size(): number {
    return this.#size;
  }

  has(bodyHash: string, nowMs: number): boolean {
    const acceptedMs = this.#mapOf(bodyHash)?.get(bodyHash);
    return acceptedMs !== undefined && acceptedMs > nowMs - this.#rememberMs;
  }

  add(bodyHash: string, acceptedMs: number, nowMs: number): void {
    // A body that came again is the newest.
    if (this.#mapOf(bodyHash)?.delete(bodyHash)) this.#size -= 1;
    if (this.#maps.at(-1)!.size >= bodiesOfMapMax) this.#maps.push(new Map());
    this.#maps.at(-1)!.set(bodyHash, acceptedMs);
    this.#size += 1;
    while (this.#forgetOldest(nowMs) && this.#maps.length > 1) this.#maps.shift();
  }

  #mapOf(bodyHash: string): Map<string, number> | undefined {
    return this.#maps.findLast((map) => map.has(bodyHash));
  }

  /** True when nothing is left in the oldest map. */
  #forgetOldest(nowMs: number): boolean {
    const oldest = this.#maps[0]!;
    for (const [hash, ms] of oldest) {
      const isOver = ms <= nowMs - this.#rememberMs;
      if (!isOver && this.#size <= this.#bodiesMax) return false;
      oldest.delete(hash);
      this.#size -= 1;
      if (!isOver) this.forgottenEarly += 1;
    }
    return true;
  }
}
