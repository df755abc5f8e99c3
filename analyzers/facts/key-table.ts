/** A power of two. */
const slotsMin = 64;

/**
 * Numbers keys of three whole numbers, equal ones alike, from 0 in the order in which they come. For keys of which there are as
 * many as spans: made once and used for trace after trace, it needs neither a text nor an object for a key.
 *
 * Open addressing: a slot holds a key's number plus 1; 0 is free. Half full at most.
 */
export class KeyTable {
  #slots = new Int32Array(slotsMin);
  /** Room for as many as may be numbered before it grows. */
  #keys = new Int32Array((slotsMin / 2) * 3);
  #mask = slotsMin - 1;
  #size = 0;

  /** Forgets all keys, and has room for so many others at once. */
  reset(keys: number): void {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(keys * 2, slotsMin)));
    if (slots > this.#slots.length) {
      this.#slots = new Int32Array(slots);
      this.#keys = new Int32Array((slots / 2) * 3);
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

  has(a: number, b: number, c: number): boolean {
    return this.#slots[this.#slotOf(a, b, c)] !== 0;
  }

  numberOf(a: number, b: number, c: number): number {
    let slot = this.#slotOf(a, b, c);
    if (this.#slots[slot] !== 0) return this.#slots[slot]! - 1;
    if (this.#size * 2 > this.#mask) {
      this.#grow();
      slot = this.#slotOf(a, b, c);
    }
    const number = this.#size++;
    this.#slots[slot] = number + 1;
    this.#keys[number * 3] = a;
    this.#keys[number * 3 + 1] = b;
    this.#keys[number * 3 + 2] = c;
    return number;
  }

  /** Where the key is, or would be. */
  #slotOf(a: number, b: number, c: number): number {
    const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const at = (this.#slots[slot]! - 1) * 3;
      if (this.#keys[at] === a && this.#keys[at + 1] === b && this.#keys[at + 2] === c) break;
    }
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const size = this.#size;
    this.reset(size * 2);
    if (this.#keys !== keys) this.#keys.set(keys.subarray(0, size * 3));
    for (let number = 0; number < size; number++) {
      const at = number * 3;
      this.#slots[this.#slotOf(keys[at]!, keys[at + 1]!, keys[at + 2]!)] = number + 1;
    }
    this.#size = size;
  }
}
