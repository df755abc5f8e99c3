/** So many seconds of its rate may come at once. */
const burstSeconds = 10;

/**
 * A rate that may be overdrawn: what a request weighs is known only when it was read. So a request begins while anything
 * is left, is counted as it comes, and what it took too much is waited for by those after it: over time the rate is exact.
 */
export class TokenBucket {
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond * burstSeconds;
    this.#atMs = nowMs;
  }

  take(amount: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#left -= amount;
  }

  /** Until something is left; 0 when there is. */
  waitSeconds(nowMs: number): number {
    this.#refill(nowMs);
    return this.#left > 0 ? 0 : Math.max(1, Math.ceil(-this.#left / this.#perSecond));
  }

  /** A clock that was set back refills nothing. */
  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    const refilled = this.#left + (passedMs / 1000) * this.#perSecond;
    this.#left = Math.min(refilled, this.#perSecond * burstSeconds);
  }
}
