/**
 * A 64-bit hash in two 32-bit halves, since a BigInt per step would dominate the decoder. Not for adversaries: it
 * names shapes and resources, and stored ids depend on it, so its constants never change.
 *
 *   start() ─ addBytes()* ─ addNumber()* ─ finish() ─▶ lo, hi
 */
export class Hash64 {
  /** The hash, once finished; unsigned. */
  lo = 0;
  hi = 0;
  #a = 0;
  #b = 0;

  start(): this {
    this.#a = 0x9e3779b9 | 0;
    this.#b = 0x7f4a7c15 | 0;
    return this;
  }

  /** Adds the bytes and their number, so that "ab" + "c" differs from "a" + "bc". */
  addBytes(source: Uint8Array, start: number, end: number): this {
    let a = this.#a;
    let b = this.#b;
    for (let i = start; i < end; i++) {
      const byte = source[i]!;
      a = Math.imul(a ^ byte, 0x85ebca6b);
      b = Math.imul(b ^ byte, 0xc2b2ae35);
      a ^= a >>> 15;
      b ^= b >>> 13;
    }
    this.#a = a;
    this.#b = b;
    return this.addNumber(end - start);
  }

  /** Adds the text's UTF-16 units; not the same as adding its bytes. */
  addText(text: string): this {
    for (let i = 0; i < text.length; i++) this.addNumber(text.charCodeAt(i));
    return this.addNumber(text.length);
  }

  addNumber(value: number): this {
    this.#a = Math.imul(this.#a ^ value, 0x27d4eb2f);
    this.#b = Math.imul(this.#b ^ value, 0x165667b1);
    this.#a ^= this.#a >>> 14;
    this.#b ^= this.#b >>> 17;
    return this;
  }

  finish(): void {
    const a = mix(this.#a + Math.imul(this.#b, 0x9e3779b1));
    const b = mix(this.#b + Math.imul(a, 0x85ebca77));
    this.lo = a >>> 0;
    this.hi = b >>> 0;
  }
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
