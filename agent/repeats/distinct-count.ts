/** 2 KiB; the estimate is within 2 % up to 20,000 different hashes, and ends at about 150,000. */
const bits = 2 ** 14;

/**
 * How many different hashes there were, in memory that does not grow: linear counting (Whang, Vander-Zanden, Taylor,
 * "A linear-time probabilistic counting algorithm for database applications", 1990). Each hash sets one bit; how many
 * are still zero says how many hashes there were.
 */
export class DistinctCount {
  readonly #words = new Uint32Array(bits / 32);
  #zeros = bits;

  /** `hash` is evenly spread over 32 bits. */
  add(hash: number): void {
    const bit = (hash >>> 0) % bits;
    const mask = 1 << (bit & 31);
    const word = this.#words[bit >>> 5]!;
    if ((word & mask) !== 0) return;
    this.#words[bit >>> 5] = word | mask;
    this.#zeros -= 1;
  }

  get estimate(): number {
    // With one zero left it is not known how many more there were.
    return Math.round(bits * Math.log(bits / Math.max(this.#zeros, 1)));
  }
}
