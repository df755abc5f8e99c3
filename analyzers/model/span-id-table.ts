import type { SpanRows } from "./span-rows.ts";

/** Ids come from outside: without it, somebody could send such as all fall on one place. */
const seed = Math.floor(Math.random() * 2 ** 32);

/** Finds spans by their id. Open addressing: a slot holds a place among the added rows, plus 1; 0 is free. */
export class SpanIdTable {
  readonly #all: SpanRows;
  readonly #slots: Uint32Array;
  readonly #rows: number[] = [];

  /** Room for `rowsMax` rows of `all`. */
  constructor(all: SpanRows, rowsMax: number) {
    this.#all = all;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(rowsMax * 2 + 1)));
  }

  /** Where in the order of adding the span with this id is; -1: it is not there. */
  find(high: number, low: number): number {
    return this.#slots[this.#slotOf(high, low)]! - 1;
  }

  /** Adds a row; if one with its id is there already, returns the place of that one and adds nothing, else -1. */
  add(row: number): number {
    const slot = this.#slotOf(this.#all.idHigh[row]!, this.#all.idLow[row]!);
    if (this.#slots[slot] !== 0) return this.#slots[slot]! - 1;
    this.#rows.push(row);
    this.#slots[slot] = this.#rows.length;
    return -1;
  }

  #slotOf(high: number, low: number): number {
    const { idHigh, idLow } = this.#all;
    const mask = this.#slots.length - 1;
    const mixed = Math.imul(low ^ seed, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    let slot = (Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 8) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const row = this.#rows[this.#slots[slot]! - 1]!;
      if (idLow[row] === low && idHigh[row] === high) break;
    }
    return slot;
  }
}
