/**
 * Numbers keys of three whole numbers, equal ones alike, from 0 in the order in which they come. For keys of which there are as
 * many as spans: made once and used for trace after trace, it needs neither a text nor an object for a key.
 *
 * Open addressing: a slot holds a key's number plus 1; 0 is free.
 */
export class KeyTable {
  #slots = new Int32Array(64);
  #keys = new Int32Array(96);
  #mask = 63;
  #size = 0;

  /** Forgets all keys, and makes room for so many others. */
  reset(keysMax: number): void {
    const slots = 2 ** Math.ceil(Math.log2(keysMax * 2 + 1));
    if (slots > this.#slots.length) {
      this.#slots = new Int32Array(slots);
      this.#keys = new Int32Array(slots * 1.5);
    } else {
      this.#slots.fill(0, 0, slots);
    }
    this.#mask = slots - 1;
    this.#size = 0;
  }

  /** Different keys so far. */
  get size(): number {
    return this.#size;
  }

  numberOf(a: number, b: number, c: number): number {
    const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const known = this.#slots[slot]! - 1;
      const at = known * 3;
      if (this.#keys[at] === a && this.#keys[at + 1] === b && this.#keys[at + 2] === c)
        return known;
    }
    const number = this.#size++;
    this.#slots[slot] = number + 1;
    this.#keys[number * 3] = a;
    this.#keys[number * 3 + 1] = b;
    this.#keys[number * 3 + 2] = c;
    return number;
  }
}
