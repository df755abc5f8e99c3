import { createRandom } from "../../../analyzers/gain/random.ts";

/** Numbers, ids and choices that are the same for the same seed. */
export class RandomValues {
  /** In [0, 1). */
  readonly random: () => number;

  constructor(seed: string) {
    this.random = createRandom(seed);
  }

  address(): string {
    const n = this.skewed(60_000);
    return `${20 + (n & 63)}.${n >>> 8}.${(n * 7) & 255}.${n & 255}`;
  }

  /** Log-normal around a median. */
  duration(medianNs: number): number {
    const normal =
      Math.sqrt(-2 * Math.log(this.random() + 1e-12)) * Math.cos(2 * Math.PI * this.random());
    return Math.floor(medianNs * Math.exp(0.7 * normal));
  }

  skewed(max: number): number {
    return Math.floor(max * this.random() ** 2.5);
  }

  below(max: number): number {
    return Math.floor(max * this.random());
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i += 4) {
      bytes.writeUInt32LE(Math.floor(this.random() * 2 ** 32), i);
    }
    return bytes;
  }
}
