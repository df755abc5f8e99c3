import type { Column } from "./column.ts";
import type { NativeColumn } from "./native-block.ts";

/** A column of which nearly all rows are zero or empty: only the others take any work. */
export class RareColumn<Values extends NativeColumn & { addZeros(count: number): void }>
  implements NativeColumn
{
  readonly #values: Values;
  readonly #zerosOfRow: number;
  #rows = 0;

  /** `zerosOfRow`: for how many `addZeros` an empty row stands. */
  constructor(values: Values, zerosOfRow: number) {
    this.#values = values;
    this.#zerosOfRow = zerosOfRow;
  }

  /** Zeros of eight bytes are written as zeros of one, when the block has nothing else: ClickHouse makes of them what the column has. */
  get narrowType(): string | undefined {
    return this.#isNarrow() ? "UInt8" : undefined;
  }

  /** Where the caller adds the value of that row; the rows before it that have none are empty. */
  at(row: number): Values {
    this.#fillTo(row);
    this.#rows++;
    return this.#values;
  }

  writePrefix(out: Column): void {
    this.#values.writePrefix(out);
  }

  writeData(out: Column, rows: number): void {
    if (this.#isNarrow()) {
      out.addZeros(rows);
      return;
    }
    this.#fillTo(rows);
    this.#values.writeData(out, rows);
  }

  reset(bytesMax: number): void {
    this.#values.reset(bytesMax);
    this.#rows = 0;
  }

  #isNarrow(): boolean {
    return this.#zerosOfRow === 8 && this.#rows === 0;
  }

  #fillTo(rows: number): void {
    this.#values.addZeros((rows - this.#rows) * this.#zerosOfRow);
    this.#rows = rows;
  }
}
