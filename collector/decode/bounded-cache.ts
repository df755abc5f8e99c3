/**
 * Remembers what was used lately, in two generations: a hit moves an entry into the young one; when that is full it
 * becomes the old one, and what was old and unused goes. Constant time, and no order to keep up on each hit.
 */
export class BoundedCache<Value> {
  #young = new Map<string, { value: Value; bytes: number }>();
  #old = new Map<string, { value: Value; bytes: number }>();
  #youngBytes = 0;
  readonly #entriesMax: number;
  readonly #bytesMax: number;

  /** Both generations together stay within the limits. */
  constructor({ entriesMax, bytesMax }: { entriesMax: number; bytesMax: number }) {
    this.#entriesMax = entriesMax / 2;
    this.#bytesMax = bytesMax / 2;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, old.value, old.bytes);
    return old.value;
  }

  /** `bytes`: what key and value hold, about. */
  set(key: string, value: Value, bytes: number): void {
    if (this.#young.size >= this.#entriesMax || this.#youngBytes + bytes > this.#bytesMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, { value, bytes });
    this.#youngBytes += bytes;
  }
}
