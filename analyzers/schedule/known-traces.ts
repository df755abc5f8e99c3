/** Numbers of a key: 64 bits of the trace id, 32 of the time. */
const keyNumbers = 3;
const placesMin = 1024;

/**
 * Which traces were examined, each by the time at which it settled. They are hundreds of thousands for half a minute, so they
 * are numbers in two tables: as texts in a `Map` they would take several times as much, and a collection would walk through
 * them. Nothing is taken out of a table: once all that the older one has is too old, the younger one takes its place.
 *
 * Two traces are taken for one when 64 bits of their ids are equal and they settled in the same millisecond.
 */
export class KnownTraces {
  readonly #tracesMax: number;
  #younger = new Table();
  #older = new Table();

  /** At most twice `tracesMax` are remembered. */
  constructor(tracesMax: number) {
    this.#tracesMax = tracesMax;
  }

  /** `traceIds`: 16 bytes each, this one's is number `at`. */
  has(traceIds: Buffer, at: number, settledMs: number): boolean {
    const key = toKey(traceIds, at, settledMs);
    return this.#younger.has(key) || this.#older.has(key);
  }

  add(traceIds: Buffer, at: number, settledMs: number): void {
    if (this.#younger.size >= this.#tracesMax) this.#retire();
    this.#younger.add(toKey(traceIds, at, settledMs), settledMs);
  }

  /** Those that settled before may be forgotten. */
  forgetBefore(settledMs: number): void {
    if (this.#younger.size > 0 && this.#older.latestMs < settledMs) this.#retire();
  }

  #retire(): void {
    this.#older = this.#younger;
    this.#younger = new Table();
  }
}

type Key = Int32Array;

/** One for all calls. */
const key: Key = new Int32Array(keyNumbers);
const idBytes = 16;

/** Some ids are random in their second half alone, others begin with a time. */
function toKey(traceIds: Buffer, at: number, settledMs: number): Key {
  const first = at * idBytes;
  key[0] = traceIds.readInt32LE(first) ^ traceIds.readInt32LE(first + 8);
  key[1] = traceIds.readInt32LE(first + 4) ^ traceIds.readInt32LE(first + 12);
  // A free place is told from the third number.
  key[2] = (settledMs % 2 ** 31) + 1;
  return key;
}

/** Open addressing, half full at most. */
class Table {
  #places = new Int32Array(placesMin * keyNumbers);
  #size = 0;
  /** Of all that were added. */
  latestMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  has(key: Key): boolean {
    return this.#places[this.#find(key) + 2] !== 0;
  }

  add(key: Key, settledMs: number): void {
    this.latestMs = Math.max(this.latestMs, settledMs);
    const place = this.#find(key);
    if (this.#places[place + 2] !== 0) return;
    this.#places.set(key, place);
    this.#size += 1;
    if (this.#size * 2 * keyNumbers > this.#places.length) this.#grow();
  }

  /** Where the key is, or would be. */
  #find(key: Key): number {
    const places = this.#places;
    const count = places.length / keyNumbers;
    const mixed = Math.imul(key[0]!, 0x9e3779b1) ^ Math.imul(key[1]!, 0x85ebca6b);
    let place = (mixed ^ (mixed >>> 15)) & (count - 1);
    for (; ; place = (place + 1) & (count - 1)) {
      const at = place * keyNumbers;
      const isSame =
        places[at] === key[0] && places[at + 1] === key[1] && places[at + 2] === key[2];
      if (isSame || places[at + 2] === 0) return at;
    }
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Int32Array(before.length * 2);
    for (let at = 0; at < before.length; at += keyNumbers) {
      const key = before.subarray(at, at + keyNumbers);
      if (key[2] !== 0) this.#places.set(key, this.#find(key));
    }
  }
}
