import { randomInt } from "node:crypto";
import { Column } from "./column.ts";
import { distinctKeysMax } from "./decode-limits.ts";
import { redactionOf } from "./redaction.ts";
import { renamedAttributes } from "./renamed-attributes.ts";

/** Power of two, four times the keys: a probe is short. */
const slots = 65_536;

/** A dictionary beyond this is emptied before the next request, so that odd keys of one client don't stay. */
const keptKeysMax = 4_096;

/**
 * Gives each attribute key a small number, so that a key's bytes are compared once and copied once per block.
 * The names given to the constructor are numbers 0, 1, 2 … for ever.
 */
export class KeyDictionary {
  size = 0;
  /** By key, what of its values may be stored. */
  readonly redaction = new Uint8Array(distinctKeysMax);
  /** Of a key that the conventions renamed, the current one; of others, themselves. */
  readonly #current = new Int32Array(distinctKeysMax);
  /** 1: the key has an older name, and both may come. */
  readonly #hasOlder = new Uint8Array(distinctKeysMax);
  readonly #names: readonly Uint8Array[];
  readonly #bytes = new Column();
  readonly #end = new Int32Array(distinctKeysMax);
  readonly #hash = new Int32Array(distinctKeysMax);
  readonly #table = new Int32Array(slots);
  /** By key, as it came, the one that followed it last; spans of a kind have theirs in the same order. */
  readonly #following = new Int32Array(distinctKeysMax + 1);
  #previous = 0;
  // Doubles: a 32-bit counter of spans would run over within hours.
  readonly #claimed = new Float64Array(distinctKeysMax);
  #scope = 0;
  // Random, so that nobody can prepare keys that fall into one slot.
  readonly #seed = randomInt(2 ** 31);

  constructor(names: readonly string[]) {
    const encoder = new TextEncoder();
    this.#names = names.map((name) => encoder.encode(name));
    this.#clear();
  }

  /** Call between requests: numbers given out before are then void. */
  trim(): void {
    if (this.size > keptKeysMax) this.#clear();
  }

  /** The number of the key's current name, or -1 when the dictionary is full. */
  intern(source: Uint8Array, start: number, end: number): number {
    const guess = this.#following[this.#previous]!;
    if (guess < this.size && this.#equals(guess, source, start, end)) {
      this.#previous = guess + 1;
      return this.#current[guess]!;
    }
    const key = this.#find(source, start, end);
    if (key === -1) return -1;
    this.#following[this.#previous] = key;
    this.#previous = key + 1;
    return this.#current[key]!;
  }

  /** The number of the key as it came, or -1 when the dictionary is full. */
  #find(source: Uint8Array, start: number, end: number): number {
    let hash = this.#seed;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
    hash ^= hash >>> 15;
    let slot = hash & (slots - 1);
    for (;;) {
      const key = this.#table[slot]! - 1;
      if (key === -1) return this.#add(source, start, end, hash, slot);
      if (this.#hash[key] === hash && this.#equals(key, source, start, end)) return key;
      slot = (slot + 1) & (slots - 1);
    }
  }

  /** Begins a set of keys, all unclaimed. */
  startScope(): void {
    this.#scope++;
    this.#previous = 0;
  }

  /** Whether the key is new in this scope. */
  claim(key: number): boolean {
    if (this.#claimed[key] === this.#scope) return false;
    this.#claimed[key] = this.#scope;
    return true;
  }

  /** Whether the conventions had another name for the key. */
  hasOlder(key: number): boolean {
    return this.#hasOlder[key] === 1;
  }

  writeKey(key: number, out: Column): void {
    out.addString(this.#bytes.bytes, this.#startOf(key), this.#end[key]!);
  }

  #clear(): void {
    this.size = 0;
    this.#bytes.reset(Number.POSITIVE_INFINITY);
    this.#table.fill(0);
    for (const name of this.#names) this.#find(name, 0, name.length);
  }

  #add(source: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    if (this.size === distinctKeysMax) return -1;
    const key = this.size++;
    this.#bytes.addBytes(source, start, end);
    this.#end[key] = this.#bytes.length;
    this.#hash[key] = hash;
    this.#claimed[key] = 0;
    this.#hasOlder[key] = 0;
    this.#current[key] = key;
    this.#table[slot] = key + 1;
    const name = toText(source, start, end);
    this.redaction[key] = redactionOf(name);
    const current = renamedAttributes.get(name);
    if (current !== undefined) this.#rename(key, Buffer.from(current));
    return key;
  }

  #rename(key: number, name: Uint8Array): void {
    const current = this.#find(name, 0, name.length);
    this.#current[key] = current;
    if (current !== -1) this.#hasOlder[current] = 1;
  }

  #startOf(key: number): number {
    return key === 0 ? 0 : this.#end[key - 1]!;
  }

  #equals(key: number, source: Uint8Array, start: number, end: number): boolean {
    const first = this.#startOf(key);
    if (this.#end[key]! - first !== end - start) return false;
    const { bytes } = this.#bytes;
    for (let i = start, at = first; i < end; i++, at++) {
      if (bytes[at] !== source[i]) return false;
    }
    return true;
  }
}

function toText(source: Uint8Array, start: number, end: number): string {
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString();
}
