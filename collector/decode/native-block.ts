import type { BlockColumn } from "../../storage/block-tables.ts";
import { Column } from "./column.ts";
import { distinctKeysMax } from "./decode-limits.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { Places, startKeys, writeLowCardinalityPrefix } from "./places.ts";
import { SpareBuffers } from "./spare-buffers.ts";

/**
 * ClickHouse's Native format, as far as our tables need it. A block is
 *
 *   columns (varint) rows (varint)  then for each column:  name  type  prefix  data
 *
 * Prefixes of nested types come all before the data, in order: hence two calls.
 */
export interface NativeColumn {
  /** Of this block's values, where it is not the table's. */
  readonly narrowType?: string | undefined;
  writePrefix(out: Column): void;
  writeData(out: Column, rows: number): void;
  reset(bytesMax: number): void;
}

/** `Map(LowCardinality(String), V)`: offsets, then keys as indexes into a dictionary, then `values`. */
export class MapColumn implements NativeColumn {
  readonly values = new Column();
  readonly #dictionary: KeyDictionary;
  readonly #offsets = new Column();
  /** Places in `#used`. */
  readonly #keys = new Places();
  /** The keys of this column only, in order of first use: the block doesn't depend on earlier requests. */
  readonly #used: number[] = [];
  /** By key, its place in `#used`, from 1; 0: none. */
  readonly #places = new Uint16Array(distinctKeysMax);

  constructor(dictionary: KeyDictionary) {
    this.#dictionary = dictionary;
  }

  /** The caller adds the value to `values`. */
  addKey(key: number): void {
    if (this.#places[key] === 0) this.#places[key] = this.#used.push(key);
    this.#keys.add(this.#places[key]! - 1);
  }

  endRow(): void {
    this.#offsets.addUint64(this.#keys.length, 0);
  }

  /** So many rows of no pairs. */
  endRows(count: number): void {
    const start = this.#offsets.length;
    this.endRow();
    this.#offsets.repeat(start, count - 1);
  }

  writePrefix(out: Column): void {
    writeLowCardinalityPrefix(out);
  }

  writeData(out: Column): void {
    this.#offsets.writeData(out);
    if (this.#keys.length > 0) this.#writeKeys(out);
    this.values.writeData(out);
  }

  reset(bytesMax: number): void {
    this.values.reset(bytesMax);
    this.#offsets.reset(bytesMax);
    this.#keys.reset();
    for (const key of this.#used) this.#places[key] = 0;
    this.#used.length = 0;
  }

  #writeKeys(out: Column): void {
    startKeys(out, this.#used.length);
    for (const key of this.#used) this.#dictionary.writeKey(key, out);
    this.#keys.write(out, this.#used.length);
  }
}

/** `Nullable(Float64)`: which rows have none, then all values. */
export class NullableColumn implements NativeColumn {
  readonly #isNull = new Column();
  readonly #values = new Column();

  /** The double in two halves. */
  add(lo: number, hi: number): void {
    this.#isNull.addUint8(0);
    this.#values.addUint64(lo, hi);
  }

  addNull(): void {
    this.#isNull.addUint8(1);
    this.#values.addUint64(0, 0);
  }

  writePrefix(_out: Column): void {}

  writeData(out: Column): void {
    this.#isNull.writeData(out);
    this.#values.writeData(out);
  }

  reset(bytesMax: number): void {
    this.#isNull.reset(bytesMax);
    this.#values.reset(bytesMax);
  }
}

/** `Array(Tuple(…))`, and `Array(T)` as a tuple of one, which is written the same: offsets, then each field as a column of all elements. */
export class TupleArrayColumn<Fields extends Readonly<Record<string, NativeColumn>>>
  implements NativeColumn
{
  readonly fields: Fields;
  readonly #inOrder: readonly NativeColumn[];
  readonly #offsets = new Column();
  #count = 0;

  /** `fields` in the type's order. */
  constructor(fields: Fields) {
    this.fields = fields;
    this.#inOrder = Object.values(fields);
  }

  /** The caller has added a value to each field. */
  endElement(): void {
    this.#count++;
  }

  /** As `endElement`, for as many values as each field has got. */
  endElements(count: number): void {
    this.#count += count;
  }

  endRow(): void {
    this.#offsets.addUint64(this.#count, 0);
  }

  writePrefix(out: Column): void {
    for (const field of this.#inOrder) field.writePrefix(out);
  }

  writeData(out: Column): void {
    this.#offsets.writeData(out);
    for (const field of this.#inOrder) field.writeData(out, this.#count);
  }

  reset(bytesMax: number): void {
    for (const field of this.#inOrder) field.reset(bytesMax);
    this.#offsets.reset(bytesMax);
    this.#count = 0;
  }
}

/** The block, in memory of `spareBuffers`. Empty when there are no rows: ClickHouse takes an empty block for the end. */
export function toNativeBlock(
  table: readonly BlockColumn[],
  columns: Readonly<Record<string, NativeColumn>>,
  rows: number,
  bytesMax: number,
): Uint8Array<ArrayBuffer> {
  if (rows === 0) return new Uint8Array(0);
  scratch.reset(bytesMax);
  scratch.addVarint(table.length);
  scratch.addVarint(rows);
  for (const { name, nativeType } of table) {
    scratch.addText(name);
    const column = columns[name]!;
    scratch.addText(column.narrowType ?? nativeType);
    column.writePrefix(scratch);
    column.writeData(scratch, rows);
  }
  const block = spareBuffers.take(scratch.length);
  block.set(scratch.bytes.subarray(0, scratch.length));
  return block;
}

const scratch = new Column();
/** Of this thread: memory that came with requests. */
export const spareBuffers: SpareBuffers = new SpareBuffers({ bytesMax: 4 * 1024 * 1024 });
