import { DistinctTexts } from "./distinct-texts.ts";

/**
 * Remembers what was used lately by bytes, without a string to ask by. In two generations: a hit moves an entry into the
 * young one; when that is full it becomes the old one, and what was old and unused goes.
 */
export class BoundedCache<Value> {
  #young = new Generation<Value>();
  #old = new Generation<Value>();
  readonly #entriesMax: number;
  readonly #bytesMax: number;

  /** Both generations together stay within the limits. */
  constructor({ entriesMax, bytesMax }: { entriesMax: number; bytesMax: number }) {
    this.#entriesMax = entriesMax / 2;
    this.#bytesMax = bytesMax / 2;
  }

  get size(): number {
    return this.#young.values.length + this.#old.values.length;
  }

  /** Of the key that is [start, end) of `source`. */
  get(source: Uint8Array, start: number, end: number): Value | undefined {
    const young = this.#young.keys.find(source, start, end);
    if (young !== -1) return this.#young.values[young];
    const old = this.#old.keys.find(source, start, end);
    if (old === -1) return undefined;
    const value = this.#old.values[old]!;
    this.set(source.subarray(start, end), value, this.#old.bytes[old]!);
    return value;
  }

  /** The key must be new. `bytes`: what key and value hold, about. */
  set(key: Uint8Array, value: Value, bytes: number): void {
    const { values, allBytes } = this.#young;
    if (values.length >= this.#entriesMax || allBytes + bytes > this.#bytesMax) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(key, value, bytes);
  }
}

class Generation<Value> {
  readonly keys = new DistinctTexts();
  /** By key; what both hold. */
  readonly values: Value[] = [];
  readonly bytes: number[] = [];
  allBytes = 0;

  add(key: Uint8Array, value: Value, bytes: number): void {
    this.keys.add(key, 0, key.length);
    this.values.push(value);
    this.bytes.push(bytes);
    this.allBytes += bytes;
  }
}
