import type { BlockColumn } from "../../storage/block-tables.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import { type NativeColumn, toNativeBlock } from "./native-block.ts";
import { knownNames } from "./promoted-attributes.ts";

/** The rows of a table in the making. Each row must add to every one of the columns. */
export class Block<Columns extends Readonly<Record<string, NativeColumn>>> {
  readonly keys: KeyDictionary = new KeyDictionary(knownNames);
  readonly columns: Columns;
  rows = 0;
  readonly #table: readonly BlockColumn[];
  #bytesMax = 0;

  /** `table` is the order in which the columns are written. */
  constructor(
    table: readonly (BlockColumn & { readonly name: keyof Columns & string })[],
    createColumns: (keys: KeyDictionary) => Columns,
  ) {
    this.#table = table;
    this.columns = createColumns(this.keys);
  }

  reset(bytesMax: number): void {
    this.rows = 0;
    this.#bytesMax = bytesMax;
    this.keys.trim();
    for (const column of Object.values(this.columns)) column.reset(bytesMax);
  }

  toNative(): Uint8Array<ArrayBuffer> {
    return toNativeBlock(this.#table, this.columns, this.rows, this.#bytesMax);
  }
}
