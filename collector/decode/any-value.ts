import { DecodeError } from "./decode-error.ts";
import { ProtobufReader } from "./protobuf-reader.ts";

/** Arms of OTLP's AnyValue, by field number; 0: none is set. */
export const valueType = {
  empty: 0,
  string: 1,
  bool: 2,
  int: 3,
  double: 4,
  array: 5,
  kvlist: 6,
  bytes: 7,
} as const;

/** An empty key and an empty string: two tags and lengths, and those of the value between them. */
const shortestUsual = 6;

/**
 * One KeyValue, read without making objects: the key and a value with a length are ranges of the body, a scalar is in
 * `lo` and `hi`. Reused for each attribute.
 */
export class KeyValueReader {
  keyStart = 0;
  keyEnd = 0;
  type = 0;
  valueStart = 0;
  valueEnd = 0;
  lo = 0;
  hi = 0;
  readonly reader: ProtobufReader = new ProtobufReader();

  readKeyValue(start: number, end: number): void {
    if (!this.#readUsual(start, end)) this.#readFields(start, end);
  }

  /** A key and then a value, with lengths of one byte: nearly all attributes are so. False: this one is not. */
  #readUsual(start: number, end: number): boolean {
    const { reader } = this;
    const { bytes } = reader;
    if (end - start < shortestUsual || bytes[start] !== 0x0a) return false;
    const keyEnd = start + 2 + bytes[start + 1]!;
    const isUsual =
      keyEnd - start < 130 &&
      end - keyEnd > 3 &&
      end - keyEnd < 130 &&
      bytes[keyEnd] === 0x12 &&
      bytes[keyEnd + 1] === end - keyEnd - 2;
    if (!isUsual) return false;
    this.keyStart = start + 2;
    this.keyEnd = keyEnd;
    const valueStart = keyEnd + 4;
    if (bytes[keyEnd + 2] === 0x0a && bytes[keyEnd + 3] === end - valueStart) {
      this.type = valueType.string;
      this.valueStart = valueStart;
      this.valueEnd = end;
    } else {
      reader.at = keyEnd + 2;
      this.readAnyValue(end);
    }
    return true;
  }

  #readFields(start: number, end: number): void {
    const { reader } = this;
    this.keyStart = 0;
    this.keyEnd = 0;
    this.type = valueType.empty;
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x0a) {
        this.keyEnd = reader.readEnd(end);
        this.keyStart = reader.at;
        reader.at = this.keyEnd;
      } else if (tag === 0x12) {
        this.readAnyValue(reader.readEnd(end));
      } else {
        reader.skip(tag, end);
      }
    }
  }

  /** Reads from the cursor to `end`. Of several arms the last counts, as protobuf has it. */
  readAnyValue(end: number): void {
    const { reader } = this;
    this.type = valueType.empty;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      switch (tag) {
        case 0x0a:
        case 0x2a:
        case 0x32:
        case 0x3a:
          this.valueEnd = reader.readEnd(end);
          this.valueStart = reader.at;
          reader.at = this.valueEnd;
          this.type = tag >>> 3;
          break;
        case 0x10:
        case 0x18:
          reader.readVarint(end);
          this.#takeScalar(tag);
          break;
        case 0x21:
          reader.readFixed64(end);
          this.#takeScalar(tag);
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  isTrue(): boolean {
    return (this.lo | this.hi) !== 0;
  }

  /** Exact up to 2^53. */
  toInt(): number {
    return (this.hi | 0) * 2 ** 32 + this.lo;
  }

  toDouble(): number {
    halves[0] = this.lo;
    halves[1] = this.hi;
    return double[0]!;
  }

  #takeScalar(tag: number): void {
    this.lo = this.reader.lo;
    this.hi = this.reader.hi;
    this.type = tag >>> 3;
  }
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
const decoder = new TextDecoder();

/**
 * The value that `value` stands on, as OTLP/JSON writes an AnyValue: `{"arrayValue":{"values":[{"intValue":"1"}]}}`.
 * The cold branch: lists, bytes, and what isn't a string where only strings have a map.
 *
 * Throws DecodeError NESTING_TOO_DEEP.
 */
export function toAnyValueJson(value: KeyValueReader, depthMax: number): string {
  switch (value.type) {
    case valueType.string:
      return `{"stringValue":${JSON.stringify(textOf(value))}}`;
    case valueType.bool:
      return `{"boolValue":${value.isTrue()}}`;
    case valueType.int:
      return `{"intValue":"${(BigInt(value.hi | 0) << 32n) | BigInt(value.lo)}"}`;
    case valueType.double:
      return `{"doubleValue":${toDoubleJson(value.toDouble())}}`;
    case valueType.array:
      return `{"arrayValue":{"values":[${toElementsJson(value, depthMax, toElementJson)}]}}`;
    case valueType.kvlist:
      return `{"kvlistValue":{"values":[${toElementsJson(value, depthMax, toKeyValueJson)}]}}`;
    case valueType.bytes:
      return `{"bytesValue":"${Buffer.from(rangeOf(value)).toString("base64")}"}`;
    default:
      return "{}";
  }
}

type ElementJson = (reader: ProtobufReader, end: number, depthMax: number) => string;

function toElementsJson(value: KeyValueReader, depthMax: number, toJson: ElementJson): string {
  if (depthMax === 0) throw new DecodeError("NESTING_TOO_DEEP", "an attribute has too many levels");
  const elements: string[] = [];
  const { reader } = value;
  const end = value.valueEnd;
  reader.at = value.valueStart;
  while (reader.at < end) {
    const tag = reader.readTag(end);
    if (tag !== 0x0a) {
      reader.skip(tag, end);
      continue;
    }
    const elementEnd = reader.readEnd(end);
    elements.push(toJson(reader, elementEnd, depthMax - 1));
    reader.at = elementEnd;
  }
  return elements.join(",");
}

function toElementJson(reader: ProtobufReader, end: number, depthMax: number): string {
  const element = readerAt(reader);
  element.readAnyValue(end);
  return toAnyValueJson(element, depthMax);
}

function toKeyValueJson(reader: ProtobufReader, end: number, depthMax: number): string {
  const element = readerAt(reader);
  element.readKeyValue(reader.at, end);
  const key = decoder.decode(reader.bytes.subarray(element.keyStart, element.keyEnd));
  return `{"key":${JSON.stringify(key)},"value":${toAnyValueJson(element, depthMax)}}`;
}

function readerAt({ bytes, at }: ProtobufReader): KeyValueReader {
  const element = new KeyValueReader();
  element.reader.reset(bytes);
  element.reader.at = at;
  return element;
}

function toDoubleJson(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

function rangeOf({ reader, valueStart, valueEnd }: KeyValueReader): Uint8Array {
  return reader.bytes.subarray(valueStart, valueEnd);
}

function textOf(value: KeyValueReader): string {
  return decoder.decode(rangeOf(value));
}
