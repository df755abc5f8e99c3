import {
  bytesOf,
  type NativeColumns,
  type NumberArray,
  numbersOf,
} from "../../storage/native-columns.ts";
import type { SettledColumn } from "../../storage/queries/settled-traces.ts";
import { toInterval } from "../../storage/queries/trace-places.ts";
import type { Arrived } from "./settled-trace.ts";

const idBytes = 16;

/**
 * Traces as they were answered: ids as bytes, numbers in arrays. There may be a hundred thousand, most of them known from the
 * walk before; as texts and objects they would take several times as much, so few are made at a time.
 */
export class SettledColumns {
  readonly rows: number;
  /** 16 bytes each. */
  readonly ids: Buffer;
  readonly #numbers: (name: SettledColumn) => NumberArray;

  constructor(columns: NativeColumns) {
    this.rows = columns.rows;
    const { buffer, byteOffset, length } =
      columns.rows === 0 ? Buffer.alloc(0) : bytesOf(columns, "traceId").values;
    this.ids = Buffer.from(buffer, byteOffset, length);
    this.#numbers = (name) => numbersOf(columns, name);
  }

  /** 32 hex digits. */
  idOf(row: number): string {
    return this.ids.toString("hex", row * idBytes, (row + 1) * idBytes);
  }

  /** Those rows that are wanted, in the order in which `spans` are stored. `isWanted` is told when the trace settled. */
  inStoredOrder(isWanted: (row: number, settledMs: number) => boolean): Uint32Array {
    if (this.rows === 0) return new Uint32Array();
    const [settledMs, fromS] = [this.#numbers("settledMs"), this.#numbers("fromS")];
    const wanted = Uint32Array.from({ length: this.rows }, (_, row) => row).filter((row) =>
      isWanted(row, settledMs[row]!),
    );
    return wanted.sort(
      (a, b) => toInterval(fromS[a]!) - toInterval(fromS[b]!) || this.#compareIds(a, b),
    );
  }

  #compareIds(a: number, b: number): number {
    const [atA, atB] = [a * idBytes, b * idBytes];
    return this.ids.compare(this.ids, atB, atB + idBytes, atA, atA + idBytes);
  }

  /** Some rows, or all. */
  toArrived(rows: Iterable<number> = new Uint32Array(this.rows).keys()): Arrived[] {
    return Array.from(rows, (row) => this.#toArrived(row));
  }

  #toArrived(row: number): Arrived {
    const of = (name: SettledColumn) => this.#numbers(name)[row]!;
    return {
      traceId: this.idOf(row),
      fromS: of("fromS"),
      toS: of("toS"),
      settledMs: of("settledMs"),
      arrivedS: of("arrivedS"),
      mayBeAgain: of("arrivedAgain") === 1,
      spans: of("spans"),
      roots: of("roots"),
      signs: {
        repeats: of("repeats"),
        failures: of("failures"),
        longCallsNs: of("longCallsNs"),
        longestCallNs: of("longestCallNs"),
        longestQueryNs: of("longestQueryNs"),
        longestOtherNs: of("longestOtherNs"),
        returnedRows: of("returnedRows"),
        responseBytes: of("responseBytes"),
        waitsNs: of("waitsNs"),
        transactions: of("transactions"),
        blocks: of("blocks"),
      },
    };
  }
}
