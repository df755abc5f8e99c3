/** Share of the time that refreshing findings may take; the rest is left to traces that wait for being examined. */
const shareMax = 0.3;
/** Time that is saved up while nothing is to be done. */
const savedMsMax = 10_000;

/** Keeps a storm of findings from holding up the examination of traces. Times are those of a monotonic clock, milliseconds. */
export class RefreshBudget {
  #leftMs = savedMsMax;
  #atMs: number | undefined;

  /** What was overspent is paid back first. */
  isLeft(nowMs: number): boolean {
    this.#leftMs = Math.min(savedMsMax, this.#leftMs + (nowMs - (this.#atMs ?? nowMs)) * shareMax);
    this.#atMs = nowMs;
    return this.#leftMs > 0;
  }

  spend(ms: number): void {
    this.#leftMs -= ms;
  }
}
