/** Gaps that a later, longer interval may still close; older ones are taken for final. */
const openMax = 32;

/**
 * How long at least one of many intervals lasted. They come in the order of their ends, so the last ones are merged
 * with each that begins before they end:
 *
 *   |──|   |────|            kept
 *             |───────|      merged with what it overlaps
 *
 * Exact as long as no interval begins before the 32nd gap back; of one that does, only what comes after counts.
 */
export class IntervalUnion {
  /** Start and end in turns, disjoint, in order. */
  #open: number[] = [];
  #closed = 0;
  #closedUntil = Number.NEGATIVE_INFINITY;

  /** `end` is not before the end of any interval added so far. */
  add(start: number, end: number): void {
    let from = Math.max(start, this.#closedUntil);
    let until = Math.max(end, from);
    while (this.#open.length > 0 && this.#open.at(-1)! >= from) {
      until = Math.max(until, this.#open.pop()!);
      from = Math.min(from, this.#open.pop()!);
    }
    this.#open.push(from, until);
    if (this.#open.length > openMax * 2) this.#closeOldest();
  }

  #closeOldest(): void {
    const half = this.#open.splice(0, openMax);
    for (let i = 0; i < half.length; i += 2) this.#closed += half[i + 1]! - half[i]!;
    this.#closedUntil = half.at(-1)!;
  }

  get length(): number {
    let sum = this.#closed;
    for (let i = 0; i < this.#open.length; i += 2) sum += this.#open[i + 1]! - this.#open[i]!;
    return sum;
  }
}
