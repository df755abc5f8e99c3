import { type KeyValueReader, valueType } from "./any-value.ts";
import type { AttributeWriter } from "./attribute-writer.ts";
import type { Column } from "./column.ts";
import { slot } from "./promoted-attributes.ts";
import type { RareColumn } from "./rare-column.ts";
import type { SpanBlock, SpanBlockColumns } from "./span-block.ts";

/**
 * Writes what detectors read of a span's attributes to columns of its own: to read a whole map for one key costs
 * ClickHouse as much as all other columns, and to look it up when the span is inserted a twelfth of the insert. The same as
 * the table's expressions make of the maps (`storage/migrations/0046-spans-evidence-of-blocks.sql`).
 */
export class EvidenceWriter {
  readonly #block: SpanBlock;
  readonly #columns: SpanBlockColumns;
  readonly #attributes: AttributeWriter;
  readonly #value: KeyValueReader;
  /** The largest of the names that it has. */
  #responseBytes = 0;

  constructor(block: SpanBlock, attributes: AttributeWriter) {
    this.#block = block;
    this.#columns = block.columns;
    this.#attributes = attributes;
    this.#value = attributes.keyValue;
  }

  /** Takes the attribute that the writer's `keyValue` stands on. */
  add(key: number): void {
    const columns = this.#columns;
    switch (key) {
      case slot.responseBodySize:
      case slot.responseSize:
      case slot.responseContentLength:
        this.#addResponseBytes();
        break;
      case slot.poolName:
        this.#addPoolName();
        break;
      case slot.poolWait:
        this.#addPoolWait();
        break;
      case slot.transactionId:
        this.#addTransactionId();
        break;
      case slot.isBlockCause:
        this.#addFlag(columns.block_cause, 1);
        break;
      case slot.isResponseWhole:
        this.#addFlag(columns.response_whole, 0);
        break;
      case slot.isResponseUncompressed:
        this.#addFlag(columns.response_uncompressed, 0);
        break;
      case slot.responseContentType:
        this.#addContentType();
        break;
      default:
        this.#addRepeat(key);
    }
  }

  /** All attributes of the span were taken. */
  endRow(): void {
    if (this.#responseBytes === 0) return;
    const bytes = this.#responseBytes;
    this.#responseBytes = 0;
    this.#columns.response_bytes
      .at(this.#block.rows)
      .addUint64(bytes % 2 ** 32, Math.floor(bytes / 2 ** 32));
  }

  #addResponseBytes(): void {
    const { type } = this.#value;
    if (type === valueType.int)
      this.#responseBytes = Math.max(this.#responseBytes, this.#value.toInt());
  }

  #addPoolName(): void {
    const { type, valueStart, valueEnd } = this.#value;
    if (type !== valueType.string) return;
    this.#attributes.addUtf8(this.#columns.pool_name.at(this.#block.rows), valueStart, valueEnd);
  }

  #addPoolWait(): void {
    const value = this.#value;
    const { type } = value;
    if (type !== valueType.double && type !== valueType.int) return;
    const ns = 1e6 * (type === valueType.double ? value.toDouble() : value.toInt());
    if (!(ns > 0)) return;
    this.#columns.pool_wait_ns
      .at(this.#block.rows)
      .addUint64(Math.floor(ns % 2 ** 32), Math.floor(ns / 2 ** 32));
  }

  #addTransactionId(): void {
    const { type, valueStart, valueEnd, lo, hi } = this.#value;
    if (type === valueType.int) {
      const text = hi === 0 ? String(lo) : String((BigInt(hi | 0) << 32n) | BigInt(lo));
      this.#columns.transaction_id.at(this.#block.rows).addText(text);
    } else if (type === valueType.string) {
      const column = this.#columns.transaction_id.at(this.#block.rows);
      this.#attributes.addUtf8(column, valueStart, valueEnd);
    }
  }

  #addFlag(column: RareColumn<Column>, ifFalse: number): void {
    if (this.#value.type !== valueType.bool) return;
    column.at(this.#block.rows).addUint8(ifFalse + (this.#value.isTrue() ? 1 : 0));
  }

  /** Lists, which headers are; a text has its place in another map. */
  #addContentType(): void {
    if (this.#value.type === valueType.array)
      this.#attributes.addValueJson(this.#columns.response_content_type.at(this.#block.rows));
  }

  #addRepeat(key: number): void {
    const { type, lo, hi } = this.#value;
    if (type !== valueType.int) return;
    const columns = this.#columns;
    if (key === slot.repeatDurationSum)
      columns.repeat_duration_sum_ns.at(this.#block.rows).addUint64(lo, hi);
    else if (key === slot.repeatDurationUnion)
      columns.repeat_duration_union_ns.at(this.#block.rows).addUint64(lo, hi);
    else columns.repeat_distinct_params.at(this.#block.rows).addUint64(lo, hi);
  }
}
