import { KeyValueReader, toAnyValueJson, valueType } from "./any-value.ts";
import type { Column, StringColumn } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { MapColumn } from "./native-block.ts";
import { type PromotedValues, promotions } from "./promoted-attributes.ts";
import type { Ranges } from "./ranges.ts";
import { type Redaction, redactedJson, redaction, redactText } from "./redaction.ts";

/** A map for each type that an attribute may have; every table has them. */
export interface AttributeColumns {
  readonly attributes: MapColumn;
  readonly attributes_int: MapColumn;
  readonly attributes_double: MapColumn;
  readonly attributes_bool: MapColumn;
  readonly attributes_json: MapColumn;
}

export function createAttributeColumns(keys: KeyDictionary): AttributeColumns {
  return {
    attributes: new MapColumn(keys),
    attributes_int: new MapColumn(keys),
    attributes_double: new MapColumn(keys),
    attributes_bool: new MapColumn(keys),
    attributes_json: new MapColumn(keys),
  };
}

/** Is told of each attribute that has a column beside its map, while the writer's `keyValue` stands on it. */
interface AttributeReader {
  add(key: number): void;
}

/** Copies attributes from the body into maps, one row a call. Of a repeated key the first is kept. */
export class AttributeWriter {
  readonly keyValue: KeyValueReader = new KeyValueReader();
  readonly #request: DecodeRequest;
  readonly #keys: KeyDictionary;
  readonly #columns: AttributeColumns;

  constructor(request: DecodeRequest, keys: KeyDictionary, columns: AttributeColumns) {
    this.#request = request;
    this.#keys = keys;
    this.#columns = columns;
  }

  /** A row of strings, and of all else as AnyValue JSON; both may be one map. */
  writeRow(attributes: Ranges, strings: MapColumn, others: MapColumn): void {
    this.#startList(attributes);
    for (let i = 0; i < attributes.count; i++) {
      const key = this.#readKey(attributes, i);
      if (key === -1) continue;
      if (this.keyValue.type === valueType.string) this.#addString(strings, key);
      else this.#addJson(others, key);
    }
    strings.endRow();
    if (others !== strings) others.endRow();
  }

  /** A span's attributes by type; those that have a column go to `promoted` or `evidence`. The caller ends the row. */
  writeSpanAttributes(
    attributes: Ranges,
    promoted: PromotedValues,
    evidence: AttributeReader,
  ): void {
    promoted.reset();
    this.#startList(attributes);
    for (let i = 0; i < attributes.count; i++) {
      const key = this.#readKey(attributes, i);
      if (key === -1) continue;
      if (key < promotions.length && this.#promote(key, promoted, evidence)) continue;
      this.#addTyped(key);
    }
  }

  /** Attributes by type, also those that have a column in `spans`. The caller ends the row. */
  writeTyped(attributes: Ranges): void {
    this.#startList(attributes);
    for (let i = 0; i < attributes.count; i++) {
      const key = this.#readKey(attributes, i);
      if (key !== -1) this.#addTyped(key);
    }
  }

  /** A count that has no column; an attribute of the same name, should there be one, stays what it is. */
  addCount(key: number, count: number): void {
    if (!this.#keys.claim(key)) return;
    this.#columns.attributes_int.addKey(key);
    this.#columns.attributes_int.values.addUint64(count, 0);
  }

  endTypedRow(): void {
    this.#columns.attributes.endRow();
    this.#columns.attributes_int.endRow();
    this.#columns.attributes_double.endRow();
    this.#columns.attributes_bool.endRow();
    this.#columns.attributes_json.endRow();
  }

  addUtf8(column: StringColumn, start: number, end: number): void {
    column.addString(this.#request.body, start, this.#request.cut(start, end));
  }

  /** An id that may be missing, and is then zeros; so is one of another length, which is counted. */
  addId(column: Column, start: number, end: number, length: number): void {
    if (end - start === length) {
      column.addBytes(this.#request.body, start, end);
      return;
    }
    column.addZeros(length);
    if (end !== start) this.#request.losses.droppedIds++;
  }

  /** The value that `keyValue` stands on, as AnyValue JSON. */
  addValueJson(column: StringColumn): void {
    const { anyValueDepthMax, valueBytesMax } = this.#request.limits;
    const json = toAnyValueJson(this.keyValue, anyValueDepthMax);
    if (json.length <= valueBytesMax) {
      column.addText(json);
    } else {
      this.#request.losses.truncatedValues++;
      column.addText(`{"stringValue":"<${json.length} characters of JSON>"}`);
    }
  }

  #startList(attributes: Ranges): void {
    this.#keys.startScope();
    this.#request.losses.droppedAttributes += attributes.total - attributes.count;
  }

  /** Reads attribute i; -1: it is dropped. */
  #readKey(attributes: Ranges, i: number): number {
    const { keyValue } = this;
    keyValue.readKeyValue(attributes.starts[i]!, attributes.ends[i]!);
    const { keyStart, keyEnd } = keyValue;
    if (keyEnd - keyStart <= this.#request.limits.keyBytesMax) {
      const key = this.#keys.intern(this.#request.body, keyStart, keyEnd);
      if (key === -1) {
        this.#request.losses.cardinality++;
        return -1;
      }
      if (this.#keys.claim(key)) return key;
      if (this.#keys.hasOlder(key)) return -1;
    }
    this.#request.losses.droppedAttributes++;
    return -1;
  }

  /** Whether the attribute went to a column. */
  #promote(key: number, promoted: PromotedValues, evidence: AttributeReader): boolean {
    const { type, lo, hi, valueStart, valueEnd } = this.keyValue;
    const promotion = promotions[key];
    if (promotion === "copy") {
      evidence.add(key);
      return false;
    }
    if (type === valueType.string) {
      if (promotion !== "text" && promotion !== "keep") return false;
      promoted.setRange(key, valueStart, valueEnd);
      return promotion === "text";
    }
    if (type !== valueType.int) return false;
    const fits =
      promotion === "int64" ||
      (promotion === "uint32" && hi === 0) ||
      (promotion === "uint16" && hi === 0 && lo < 65_536);
    if (fits) promoted.setInt(key, lo, hi);
    return fits;
  }

  #addTyped(key: number): void {
    const { keyValue } = this;
    const columns = this.#columns;
    switch (keyValue.type) {
      case valueType.string:
        this.#addString(columns.attributes, key);
        break;
      case valueType.int:
        if (this.#keys.isText[key] === 1) {
          this.#addIntegerText(columns.attributes, key);
          break;
        }
        columns.attributes_int.addKey(key);
        columns.attributes_int.values.addUint64(keyValue.lo, keyValue.hi);
        break;
      case valueType.double:
        columns.attributes_double.addKey(key);
        columns.attributes_double.values.addUint64(keyValue.lo, keyValue.hi);
        break;
      case valueType.bool:
        columns.attributes_bool.addKey(key);
        columns.attributes_bool.values.addUint8(keyValue.isTrue() ? 1 : 0);
        break;
      default:
        this.#addJson(columns.attributes_json, key);
    }
  }

  #addString(map: MapColumn, key: number): void {
    map.addKey(key);
    const { valueStart, valueEnd } = this.keyValue;
    const kind = this.#keys.redaction[key] as Redaction;
    if (kind === redaction.none) this.addUtf8(map.values, valueStart, valueEnd);
    else this.#addRedacted(map.values, kind);
  }

  /** What the conventions made a text of. */
  #addIntegerText(map: MapColumn, key: number): void {
    const { lo, hi } = this.keyValue;
    const value = BigInt.asIntN(64, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));
    map.addKey(key);
    map.values.addText(this.#keys.textOf(key, value));
  }

  #addRedacted(column: Column, kind: Redaction): void {
    const { body } = this.#request;
    const end = this.#request.cut(this.keyValue.valueStart, this.keyValue.valueEnd);
    column.addText(redactText(body.toString("utf8", this.keyValue.valueStart, end), kind));
  }

  #addJson(map: MapColumn, key: number): void {
    map.addKey(key);
    if (this.#keys.redaction[key] === redaction.none) this.addValueJson(map.values);
    else map.values.addText(redactedJson);
  }
}
