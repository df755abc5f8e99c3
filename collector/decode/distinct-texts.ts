import { randomInt } from "node:crypto";
import { Column } from "./column.ts";

const initialTexts = 64;

const marks = 1024;

/** Room for more than these is given back. */
const retainedTextsMax = 16_384;

// Random, so that nobody can prepare texts that fall into one slot.
const seed = randomInt(2 ** 31);

/** Distinct strings of bytes, numbered 0, 1, 2 … in the order in which they came. */
export class DistinctTexts {
  size = 0;
  readonly #bytes = new Column();
  #ends = new Int32Array(initialTexts);
  #hashes = new Int32Array(initialTexts);
  /** By mark, the text that was found last: where it is found again, only its bytes were looked at. */
  readonly #marked = new Int32Array(marks);
  /** A power of two, four times the texts at least: a probe is short. */
  #table = new Int32Array(4 * initialTexts);

  /** Forgets all. What comes then may take so many bytes. */
  reset(bytesMax: number): void {
    this.size = 0;
    this.#bytes.reset(bytesMax);
    if (this.#ends.length <= retainedTextsMax) {
      this.#table.fill(0);
      return;
    }
    this.#ends = new Int32Array(initialTexts);
    this.#hashes = new Int32Array(initialTexts);
    this.#table = new Int32Array(4 * initialTexts);
  }

  /** The text's number; -1: it is new. */
  find(source: Uint8Array, start: number, end: number): number {
    const mark = markOf(source, start, end);
    const guess = this.#marked[mark]!;
    if (guess < this.size && this.equals(guess, source, start, end)) return guess;
    const text = this.#lookUp(source, start, end);
    if (text !== -1) this.#marked[mark] = text;
    return text;
  }

  #lookUp(source: Uint8Array, start: number, end: number): number {
    const hash = hashOf(source, start, end);
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const text = this.#table[slot]! - 1;
      if (text === -1) return -1;
      if (this.#hashes[text] === hash && this.equals(text, source, start, end)) return text;
    }
  }

  /** Takes a text that is new and returns its number. */
  add(source: Uint8Array, start: number, end: number): number {
    if (this.size === this.#ends.length) this.#grow();
    const text = this.size++;
    this.#bytes.addBytes(source, start, end);
    this.#ends[text] = this.#bytes.length;
    this.#hashes[text] = hashOf(source, start, end);
    this.#place(text);
    return text;
  }

  equals(text: number, source: Uint8Array, start: number, end: number): boolean {
    const first = this.#startOf(text);
    if (this.#ends[text]! - first !== end - start) return false;
    const { bytes } = this.#bytes;
    for (let i = start, at = first; i < end; i++, at++) {
      if (bytes[at] !== source[i]) return false;
    }
    return true;
  }

  write(text: number, out: Column): void {
    out.addString(this.#bytes.bytes, this.#startOf(text), this.#ends[text]!);
  }

  #startOf(text: number): number {
    return text === 0 ? 0 : this.#ends[text - 1]!;
  }

  #place(text: number): void {
    const mask = this.#table.length - 1;
    let slot = this.#hashes[text]! & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = text + 1;
  }

  #grow(): void {
    this.#ends = grown(this.#ends);
    this.#hashes = grown(this.#hashes);
    this.#table = new Int32Array(this.#table.length * 2);
    for (let text = 0; text < this.size; text++) this.#place(text);
  }
}

function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Of the length and three bytes. */
function markOf(source: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  const middle = source[(start + end) >>> 1]!;
  return (
    ((end - start) * 37 + source[start]! * 5 + middle * 211 + source[end - 1]! * 17) & (marks - 1)
  );
}
