import type { Column } from "./column.ts";

const initialCount = 1_024;

/** Who had more gives their room back. */
const retainedCountMax = 262_144;

/** The data of a LowCardinality column without its keys: for each value its place among them. */
export class Places {
  length = 0;
  #places = new Int32Array(initialCount);

  reset(): void {
    if (this.#places.length > retainedCountMax) this.#places = new Int32Array(initialCount);
    this.length = 0;
  }

  add(place: number): void {
    if (this.length === this.#places.length) this.#grow();
    this.#places[this.length++] = place;
  }

  addZeros(count: number): void {
    while (this.length + count > this.#places.length) this.#grow();
    const end = this.length + count;
    for (let at = this.length; at < end; at++) this.#places[at] = 0;
    this.length = end;
  }

  /** Adds what was added since `start` so many times more. */
  repeat(start: number, count: number): void {
    const end = this.length;
    for (let copy = 0; copy < count; copy++) {
      for (let i = start; i < end; i++) this.add(this.#places[i]!);
    }
  }

  /** Their number, and each in as few bytes as `keys` keys need. */
  write(out: Column, keys: number): void {
    const width = widthOf(keys);
    out.addUint64(this.length, 0);
    out.reserve(this.length * width);
    const { bytes } = out;
    let at = out.length;
    for (let i = 0; i < this.length; i++) {
      const place = this.#places[i]!;
      bytes[at++] = place;
      for (let shift = 8; shift < 8 * width; shift += 8) bytes[at++] = place >>> shift;
    }
    out.length = at;
  }

  #grow(): void {
    const larger = new Int32Array(this.#places.length * 2);
    larger.set(this.#places);
    this.#places = larger;
  }
}

/** Version of LowCardinality's serialization: keys travel with the block. */
const version = 1;

/** What a LowCardinality column has before the data of its block. */
export function writeLowCardinalityPrefix(out: Column): void {
  out.addUint64(version, 0);
}

/** The block carries its keys (bit 9) and they replace the dictionary (bit 10); the low byte is the places' width. */
const additionalKeys = 0x600;

/** What stands before the keys; the places follow them. */
export function startKeys(out: Column, keys: number): void {
  out.addUint64(additionalKeys | Math.log2(widthOf(keys)), 0);
  out.addUint64(keys, 0);
}

function widthOf(keys: number): number {
  if (keys <= 0x100) return 1;
  return keys <= 0x10000 ? 2 : 4;
}
