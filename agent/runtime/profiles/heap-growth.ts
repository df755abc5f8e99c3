const windowsMin = 5;
const growthMin = 0.2;
const growthBytesMin = 16 * 1024 * 1024;

/** What the heap held at the least in each of several windows, oldest first; bytes. */
export type GrowingHeap = readonly number[];

/**
 * Tells a heap that only grows: what is used after major collections of garbage, at the least in each window, rises
 * window after window, by a fifth and 16 MB at least. A window without a collection does not count.
 */
export class HeapGrowth {
  readonly #windowMs: number;
  #windowEndMs = 0;
  #leastBytes = Number.POSITIVE_INFINITY;
  #least: number[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** After each major collection; gives the windows when the heap grows, and then begins anew. */
  add(usedBytes: number, nowMs: number): GrowingHeap | undefined {
    if (nowMs < this.#windowEndMs) {
      this.#leastBytes = Math.min(this.#leastBytes, usedBytes);
      return undefined;
    }
    const least = this.#leastBytes;
    this.#windowEndMs = nowMs + this.#windowMs;
    this.#leastBytes = usedBytes;
    if (least === Number.POSITIVE_INFINITY) return undefined;
    // A heap that has shrunk grows from there.
    if (least <= (this.#least.at(-1) ?? 0)) this.#least = [];
    this.#least.push(least);
    const [first = 0] = this.#least;
    const growth = least - first;
    const isGrowing =
      this.#least.length >= windowsMin && growth >= Math.max(first * growthMin, growthBytesMin);
    if (!isGrowing) {
      if (this.#least.length > windowsMin * 4) this.#least.shift();
      return undefined;
    }
    const windows = this.#least;
    this.#least = [];
    return windows;
  }
}
