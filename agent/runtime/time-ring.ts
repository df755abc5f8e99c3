/** The last intervals of something that stops the process, in `performance.now()` milliseconds, in order of their end. */
export class TimeRing {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  #next = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  constructor(intervalsMax = 256) {
    this.#starts = new Float64Array(intervalsMax);
    this.#ends = new Float64Array(intervalsMax);
  }

  add(startMs: number, endMs: number): void {
    this.#starts[this.#next] = startMs;
    this.#ends[this.#next] = endMs;
    this.#lastEndMs = endMs;
    this.#next = (this.#next + 1) % this.#starts.length;
  }

  /** How much of the time from `startMs` to `endMs` the intervals took; those that were overwritten are not counted. */
  overlapMs(startMs: number, endMs: number): number {
    // As of nearly every request.
    return this.#lastEndMs <= startMs ? 0 : this.#sumUp(startMs, endMs);
  }

  #sumUp(startMs: number, endMs: number): number {
    const length = this.#starts.length;
    let sumMs = 0;
    for (let back = 1; back <= length; back += 1) {
      const i = (this.#next - back + length) % length;
      const intervalEndMs = this.#ends[i] ?? 0;
      if (intervalEndMs <= startMs) break;
      sumMs += Math.max(
        0,
        Math.min(intervalEndMs, endMs) - Math.max(this.#starts[i] ?? 0, startMs),
      );
    }
    return sumMs;
  }
}
