import type { Column } from "./column.ts";
import { distinctKeysMax } from "./decode-limits.ts";
import { DistinctTexts } from "./distinct-texts.ts";
import { redactionOf } from "./redaction.ts";
import { renamedAttributes, textsOfIntegers } from "./renamed-attributes.ts";

/** A dictionary beyond this is emptied before the next request, so that odd keys of one client don't stay. */
const keptKeysMax = 4_096;

/** Scopes have small integers. */
const scopesMax = 2 ** 31 - 1;

/**
 * Gives each attribute key a small number, so that a key's bytes are compared once and copied once per block.
 * The names given to the constructor are numbers 0, 1, 2 … for ever.
 */
export class KeyDictionary {
  /** By key, what of its values may be stored. */
  readonly redaction = new Uint8Array(distinctKeysMax);
  /** By key, 1: its integers are stored as texts. */
  readonly isText = new Uint8Array(distinctKeysMax);
  readonly #texts = new Map<number, (value: bigint) => string>();
  /** Of a key that the conventions renamed, the current one; of others, themselves. */
  readonly #current = new Int32Array(distinctKeysMax);
  /** 1: the key has an older name, and both may come. */
  readonly #hasOlder = new Uint8Array(distinctKeysMax);
  readonly #names: readonly Uint8Array[];
  readonly #keys = new DistinctTexts();
  /** By key, as it came, the one that followed it last; spans of a kind have theirs in the same order. */
  readonly #following = new Int32Array(distinctKeysMax + 1);
  #previous = 0;
  /** By key, the scope that claimed it last. */
  readonly #claimed = new Int32Array(distinctKeysMax);
  #scope = 0;

  constructor(names: readonly string[]) {
    const encoder = new TextEncoder();
    this.#names = names.map((name) => encoder.encode(name));
    this.#clear();
  }

  /** Call between requests: numbers given out before are then void. */
  trim(): void {
    if (this.#keys.size > keptKeysMax) this.#clear();
  }

  /** The number of the key's current name, or -1 when the dictionary is full. */
  intern(source: Uint8Array, start: number, end: number): number {
    const guess = this.#following[this.#previous]!;
    if (guess < this.#keys.size && this.#keys.equals(guess, source, start, end)) {
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
    const key = this.#keys.find(source, start, end);
    return key === -1 ? this.#add(source, start, end) : key;
  }

  /** Begins a set of keys, all unclaimed. */
  startScope(): void {
    this.#previous = 0;
    // Hours of spans later all numbers were used.
    if (this.#scope === scopesMax) this.#claimed.fill(0);
    this.#scope = this.#scope === scopesMax ? 1 : this.#scope + 1;
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

  /** What an integer of a key that `isText` is stored as. */
  textOf(key: number, value: bigint): string {
    return this.#texts.get(key)?.(value) ?? String(value);
  }

  writeKey(key: number, out: Column): void {
    this.#keys.write(key, out);
  }

  #clear(): void {
    this.#keys.reset(Number.POSITIVE_INFINITY);
    this.#texts.clear();
    for (const name of this.#names) this.#find(name, 0, name.length);
  }

  #add(source: Uint8Array, start: number, end: number): number {
    if (this.#keys.size === distinctKeysMax) return -1;
    const key = this.#keys.add(source, start, end);
    this.#claimed[key] = 0;
    this.#hasOlder[key] = 0;
    this.#current[key] = key;
    const name = toText(source, start, end);
    this.redaction[key] = redactionOf(name);
    const textOf = textsOfIntegers.get(name);
    this.isText[key] = textOf === undefined ? 0 : 1;
    if (textOf !== undefined) this.#texts.set(key, textOf);
    const current = renamedAttributes.get(name);
    if (current !== undefined) this.#rename(key, Buffer.from(current));
    return key;
  }

  #rename(key: number, name: Uint8Array): void {
    const current = this.#find(name, 0, name.length);
    this.#current[key] = current;
    if (current !== -1) this.#hasOlder[current] = 1;
  }
}

function toText(source: Uint8Array, start: number, end: number): string {
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString();
}
