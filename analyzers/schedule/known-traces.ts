import { KeyTable } from "../facts/key-table.ts";

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
    return this.#younger.has(traceIds, at, settledMs) || this.#older.has(traceIds, at, settledMs);
  }

  add(traceIds: Buffer, at: number, settledMs: number): void {
    if (this.#younger.size >= this.#tracesMax) this.#retire();
    this.#younger.add(traceIds, at, settledMs);
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

const idBytes = 16;

/** Some ids are random in their second half alone, others begin with a time. */
function halfOf(traceIds: Buffer, at: number, half: 0 | 4): number {
  const first = at * idBytes + half;
  return traceIds.readInt32LE(first) ^ traceIds.readInt32LE(first + 8);
}

/** By trace and time. */
class Table {
  readonly #keys = new KeyTable();
  /** Of all that were added. */
  latestMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#keys.size;
  }

  has(traceIds: Buffer, at: number, settledMs: number): boolean {
    return this.#keys.has(halfOf(traceIds, at, 0), halfOf(traceIds, at, 4), settledMs | 0);
  }

  add(traceIds: Buffer, at: number, settledMs: number): void {
    this.latestMs = Math.max(this.latestMs, settledMs);
    this.#keys.numberOf(halfOf(traceIds, at, 0), halfOf(traceIds, at, 4), settledMs | 0);
  }
}
