import { hash } from "node:crypto";
import type { JournalLimits } from "./journal-limits.ts";

/** Numbers of 32 bits that stand for a body hash: 128 bits of its SHA-256. */
const keyNumbers = 4;
const digitsOfNumber = 8;
/** No entry is numbered 0: there it holds the key that is looked for, and the two ends of the list. */
const none = 0;

/**
 * Remembers which bodies were accepted lately, so that a client's retry is not stored again. The oldest are forgotten
 * first: when their time is over, or when there are more than `rememberBodiesMax` of them.
 *
 * They are hundreds of thousands and live for long, so they are numbers in a few arrays: as objects and texts they would
 * be what a collection of garbage has to walk through, while all requests wait.
 *
 *   places    by key, open addressing      [ . 3 . . 1 2 . . ]
 *   entries   key, time                    1 ──▶ 3 ──▶ 2         the oldest first
 */
export class AcceptedBodies {
  readonly #rememberMs: number;
  readonly #bodiesMax: number;
  readonly #places: Uint32Array;
  readonly #keys: Uint32Array;
  readonly #acceptedMs: Float64Array;
  /** Of each entry the one accepted before it, and after it. Of `none` the newest, and the oldest. */
  readonly #older: Uint32Array;
  readonly #newer: Uint32Array;
  /** Entries that were forgotten, each with the next one as `newer`; those behind `#used` are free as well. */
  #free = none;
  #used = 0;
  #size = 0;
  /** Bodies that were forgotten before their time. */
  forgottenEarly = 0;

  constructor(limits: Pick<JournalLimits, "rememberBodiesMs" | "rememberBodiesMax">) {
    this.#rememberMs = limits.rememberBodiesMs;
    this.#bodiesMax = limits.rememberBodiesMax;
    // One more while the oldest makes room for it.
    const entries = limits.rememberBodiesMax + 1 + 1;
    this.#places = new Uint32Array(2 ** Math.ceil(Math.log2(2 * entries)));
    this.#keys = new Uint32Array(keyNumbers * entries);
    this.#acceptedMs = new Float64Array(entries);
    this.#older = new Uint32Array(entries);
    this.#newer = new Uint32Array(entries);
  }

  get size(): number {
    return this.#size;
  }

  has(bodyHash: string, nowMs: number): boolean {
    const entry = this.#places[this.#find(bodyHash)]!;
    return entry !== none && this.#acceptedMs[entry]! > nowMs - this.#rememberMs;
  }

  add(bodyHash: string, acceptedMs: number, nowMs: number): void {
    const known = this.#places[this.#find(bodyHash)]!;
    // A body that came again is the newest.
    if (known !== none) this.#forget(known);
    this.#insert(this.#placeOf(none), acceptedMs);
    for (let oldest = this.#newer[none]!; oldest !== none; oldest = this.#newer[none]!) {
      const isOver = this.#acceptedMs[oldest]! <= nowMs - this.#rememberMs;
      if (!isOver && this.#size <= this.#bodiesMax) break;
      this.#forget(oldest);
      if (!isOver) this.forgottenEarly += 1;
    }
  }

  /** The place of a body, or the one where it would be. */
  #find(bodyHash: string): number {
    const digits = hash("sha256", bodyHash);
    for (let i = 0; i < keyNumbers; i++) {
      const at = i * digitsOfNumber;
      this.#keys[i] = Number.parseInt(digits.slice(at, at + digitsOfNumber), 16);
    }
    return this.#placeOf(none);
  }

  /** The place of the key of an entry: where an entry with that key is, or would be. */
  #placeOf(sought: number): number {
    let place = this.#homeOf(sought);
    while (this.#places[place] !== none && !this.#isSameKey(this.#places[place]!, sought)) {
      place = this.#next(place);
    }
    return place;
  }

  #isSameKey(one: number, other: number): boolean {
    const keys = this.#keys;
    for (let i = 0; i < keyNumbers; i++) {
      if (keys[one * keyNumbers + i] !== keys[other * keyNumbers + i]) return false;
    }
    return true;
  }

  #homeOf(entry: number): number {
    return this.#keys[entry * keyNumbers]! & (this.#places.length - 1);
  }

  #next(place: number): number {
    return (place + 1) & (this.#places.length - 1);
  }

  /** The body that was looked for, as the newest. */
  #insert(place: number, acceptedMs: number): void {
    let entry = this.#free;
    if (entry === none) entry = ++this.#used;
    else this.#free = this.#newer[entry]!;
    this.#places[place] = entry;
    this.#keys.copyWithin(entry * keyNumbers, none, keyNumbers);
    this.#acceptedMs[entry] = acceptedMs;
    this.#link(this.#older[none]!, entry);
    this.#link(entry, none);
    this.#size += 1;
  }

  #forget(entry: number): void {
    this.#empty(this.#placeOf(entry));
    this.#link(this.#older[entry]!, this.#newer[entry]!);
    this.#newer[entry] = this.#free;
    this.#free = entry;
    this.#size -= 1;
  }

  #link(older: number, newer: number): void {
    this.#newer[older] = newer;
    this.#older[newer] = older;
  }

  /** Entries behind it that could not have their own place move up, so that each is still found from there on. */
  #empty(place: number): void {
    const mask = this.#places.length - 1;
    let hole = place;
    for (let at = this.#next(hole); this.#places[at] !== none; at = this.#next(at)) {
      const entry = this.#places[at]!;
      const fromHome = (at - this.#homeOf(entry)) & mask;
      if (fromHome < ((at - hole) & mask)) continue;
      this.#places[hole] = entry;
      hole = at;
    }
    this.#places[hole] = none;
  }
}
