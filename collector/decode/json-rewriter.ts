import { DecodeError } from "./decode-error.ts";
import {
  int32,
  int64,
  type JsonObject,
  toBase64Bytes,
  toBoolean,
  toDouble,
  toEnum,
  toId,
  toInteger,
  toList,
  toObject,
  toObjects,
  toText,
  uint32,
  uint64,
} from "./json-values.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/**
 * Writes fields of OTLP's JSON encoding as protobuf: `field` is the number there, `name` the name here. What is absent or
 * null is left out. Throws DecodeError INVALID_JSON or NESTING_TOO_DEEP.
 */
export class JsonRewriter {
  readonly out = new ProtobufWriter();
  readonly #depthMax: number;

  constructor(depthMax: number) {
    this.#depthMax = depthMax;
  }

  /** A message whose fields `write` writes. */
  writeMessage(field: number, write: () => void): void {
    const start = this.out.beginMessage(field);
    write();
    this.out.endMessage(start);
  }

  writeAttributes(field: number, owner: JsonObject, name = "attributes"): void {
    for (const attribute of toObjects(owner[name], name)) {
      this.#writeKeyValue(field, attribute, this.#depthMax);
    }
  }

  #writeKeyValue(field: number, attribute: JsonObject, depth: number): void {
    const start = this.out.beginMessage(field);
    this.writeText(1, attribute, "key");
    const value = toObject(attribute.value, "value");
    if (value !== null) this.writeAnyValue(2, value, depth);
    this.out.endMessage(start);
  }

  /** Of `depth` levels at most. */
  writeAnyValue(field: number, value: JsonObject, depth = this.#depthMax): void {
    const start = this.out.beginMessage(field);
    const list = toObject(value.arrayValue, "arrayValue");
    const keyValueList = toObject(value.kvlistValue, "kvlistValue");
    if (list !== null) this.#writeList(5, list, depth);
    else if (keyValueList !== null) this.#writeList(6, keyValueList, depth);
    else this.#writeScalar(value);
    this.out.endMessage(start);
  }

  #writeList(field: number, list: JsonObject, depth: number): void {
    if (depth === 0) throw new DecodeError("NESTING_TOO_DEEP", "an attribute has too many levels");
    const start = this.out.beginMessage(field);
    for (const item of toObjects(list.values, "values")) {
      if (field === 5) this.writeAnyValue(1, item, depth - 1);
      else this.#writeKeyValue(1, item, depth - 1);
    }
    this.out.endMessage(start);
  }

  #writeScalar(value: JsonObject): void {
    const text = toText(value.stringValue, "stringValue");
    const boolean = toBoolean(value.boolValue, "boolValue");
    const integer = toInteger(value.intValue, "intValue", int64);
    const double = toDouble(value.doubleValue, "doubleValue");
    const bytes = toBase64Bytes(value.bytesValue, "bytesValue");
    if (text !== null) this.out.writeText(1, text);
    else if (boolean !== null) this.out.writeVarint(2, boolean ? 1n : 0n);
    else if (integer !== null) this.out.writeVarint(3, integer);
    else if (double !== null) this.out.writeDouble(4, double);
    else if (bytes !== null) this.out.writeBytes(7, bytes);
  }

  writeText(field: number, owner: JsonObject, name: string): void {
    const text = toText(owner[name], name);
    if (text !== null && text !== "") this.out.writeText(field, text);
  }

  writeId(field: number, owner: JsonObject, name: string): void {
    const id = toId(owner[name], name);
    if (id !== null) this.out.writeBytes(field, id);
  }

  writeEnum(field: number, owner: JsonObject, name: string): void {
    const value = toEnum(owner[name], name);
    if (value !== null) this.out.writeVarint(field, value);
  }

  writeCount(field: number, owner: JsonObject, name: string): void {
    const count = toInteger(owner[name], name, uint32);
    if (count !== null) this.out.writeVarint(field, count);
  }

  /** Of 32 bits, fixed. */
  writeFlags(field: number, owner: JsonObject, name: string): void {
    const flags = toInteger(owner[name], name, uint32);
    if (flags !== null) this.out.writeFixed32(field, flags);
  }

  /** Fixed: a time or a count. */
  writeUint64(field: number, owner: JsonObject, name: string): void {
    const value = toInteger(owner[name], name, uint64);
    if (value !== null) this.out.writeFixed64(field, value);
  }

  /** Fixed. */
  writeInt64(field: number, owner: JsonObject, name: string): void {
    const value = toInteger(owner[name], name, int64);
    if (value !== null) this.out.writeFixed64(field, value);
  }

  /** As a varint, in zigzag. */
  writeSint32(field: number, owner: JsonObject, name: string): void {
    const value = toInteger(owner[name], name, int32);
    if (value !== null) this.out.writeVarint(field, value < 0n ? -2n * value - 1n : 2n * value);
  }

  writeDouble(field: number, owner: JsonObject, name: string): void {
    const value = toDouble(owner[name], name);
    if (value !== null) this.out.writeDouble(field, value);
  }

  writeBoolean(field: number, owner: JsonObject, name: string): void {
    const value = toBoolean(owner[name], name);
    if (value !== null) this.out.writeVarint(field, value ? 1n : 0n);
  }

  /** Of fixed 64 bits. Lists are written one by one, as every decoder of packed ones also takes them. */
  writeFixedList(field: number, owner: JsonObject, name: string): void {
    for (const item of toList(owner[name], name)) {
      this.out.writeFixed64(field, toInteger(item, name, uint64) ?? 0n);
    }
  }

  writeVarintList(field: number, owner: JsonObject, name: string): void {
    for (const item of toList(owner[name], name)) {
      this.out.writeVarint(field, toInteger(item, name, uint64) ?? 0n);
    }
  }

  writeDoubles(field: number, owner: JsonObject, name: string): void {
    for (const item of toList(owner[name], name)) {
      this.out.writeDouble(field, toDouble(item, name) ?? 0);
    }
  }
}
