import { isUtf8 } from "node:buffer";
import { Column, type StringColumn } from "./column.ts";
import { DistinctTexts } from "./distinct-texts.ts";
import type { NativeColumn } from "./native-block.ts";
import { Places, startKeys, writeLowCardinalityPrefix } from "./places.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

/**
 * `LowCardinality(String)`: each distinct text once, and for each row which of them. ClickHouse would make that of plain
 * strings, too, for more than it costs here.
 */
export class TextColumn implements NativeColumn, StringColumn {
  readonly #texts = new DistinctTexts();
  readonly #places = new Places();
  readonly #scratch = new Column();

  constructor() {
    this.reset(Number.POSITIVE_INFINITY);
  }

  get length(): number {
    return this.#places.length;
  }

  addEmpty(): void {
    this.#places.add(0);
  }

  addString(source: Uint8Array, start: number, end: number): void {
    const known = this.#texts.find(source, start, end);
    this.#places.add(known === -1 ? this.#addNew(source, start, end) : known);
  }

  addEncoded(bytes: Uint8Array): void {
    this.addString(bytes, 0, bytes.length);
  }

  addText(text: string): void {
    this.#scratch.length = 0;
    this.#scratch.addText(text);
    const { bytes, length } = this.#scratch;
    // Its length is before it, in bytes of which all but the last have their highest bit.
    let start = 1;
    while (bytes[start - 1]! > 127) start++;
    this.addString(bytes, start, length);
  }

  /** So many empty texts. */
  addZeros(count: number): void {
    this.#places.addZeros(count);
  }

  /** As `Column.repeat`. */
  repeat(start: number, count: number): void {
    this.#places.repeat(start, count);
  }

  writePrefix(out: Column): void {
    writeLowCardinalityPrefix(out);
  }

  writeData(out: Column): void {
    const { size } = this.#texts;
    startKeys(out, size);
    for (let text = 0; text < size; text++) this.#texts.write(text, out);
    this.#places.write(out, size);
  }

  reset(bytesMax: number): void {
    this.#texts.reset(bytesMax);
    this.#texts.add(nothing, 0, 0);
    this.#places.reset();
  }

  #addNew(source: Uint8Array, start: number, end: number): number {
    const bytes = source.subarray(start, end);
    if (isUtf8(bytes)) return this.#texts.add(source, start, end);
    const clean = encoder.encode(decoder.decode(bytes));
    const known = this.#texts.find(clean, 0, clean.length);
    return known === -1 ? this.#texts.add(clean, 0, clean.length) : known;
  }
}
