import type { JournalLimits } from "./journal-limits.ts";

/**
 * Remembers which bodies were accepted lately, so that a client's retry is not stored again. The oldest are forgotten
 * first: when their time is over, or when there are more than `rememberBodiesMax` of them.
 */
export class AcceptedBodies {
  readonly #acceptedMsByHash = new Map<string, number>();
  readonly #rememberMs: number;
  readonly #bodiesMax: number;
  /** Bodies that were forgotten before their time. */
  forgottenEarly = 0;

  constructor(limits: Pick<JournalLimits, "rememberBodiesMs" | "rememberBodiesMax">) {
    this.#rememberMs = limits.rememberBodiesMs;
    this.#bodiesMax = limits.rememberBodiesMax;
  }

  get size(): number {
    return this.#acceptedMsByHash.size;
  }

  has(bodyHash: string, nowMs: number): boolean {
    const acceptedMs = this.#acceptedMsByHash.get(bodyHash);
    return acceptedMs !== undefined && acceptedMs > nowMs - this.#rememberMs;
  }

  add(bodyHash: string, acceptedMs: number, nowMs: number): void {
    // A map keeps the order of insertion: deleting first makes a body that came again the newest.
    this.#acceptedMsByHash.delete(bodyHash);
    this.#acceptedMsByHash.set(bodyHash, acceptedMs);
    for (const [hash, ms] of this.#acceptedMsByHash) {
      const isOver = ms <= nowMs - this.#rememberMs;
      if (!isOver && this.size <= this.#bodiesMax) break;
      this.#acceptedMsByHash.delete(hash);
      if (!isOver) this.forgottenEarly += 1;
    }
  }
}
