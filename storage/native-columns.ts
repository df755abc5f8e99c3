/**
 * Reads what ClickHouse writes with FORMAT Native, of the types that our queries return. A block:
 *
 *   columns (varint), rows (varint), then for each column its name and type (varint length, text) and its values
 *
 * LowCardinality: version (8 bytes), flags (8), number of keys (8), keys, number of rows (8), and for each row which key.
 */
export interface NativeColumns {
  readonly rows: number;
  readonly columns: Readonly<Record<string, NativeColumn>>;
}

export type NativeColumn = NumberColumn | TextColumn | BytesColumn;

/** One number a row. Whole numbers of 64 bits are `bytes`. */
interface NumberColumn {
  readonly kind: "numbers";
  readonly values: NumberArray;
}

/** Each distinct text once, and for each row which of them. */
interface TextColumn {
  readonly kind: "texts";
  readonly values: readonly string[];
  readonly places: NumberArray;
}

/** `size` bytes a row. */
interface BytesColumn {
  readonly kind: "bytes";
  readonly size: number;
  readonly values: Uint8Array;
}

export type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float64Array;

const numberArrays: Readonly<
  Record<string, new (buffer: ArrayBuffer) => NumberArray & { readonly BYTES_PER_ELEMENT: number }>
> = {
  UInt8: Uint8Array,
  Int8: Int8Array,
  UInt16: Uint16Array,
  Int16: Int16Array,
  UInt32: Uint32Array,
  Int32: Int32Array,
  Float64: Float64Array,
};
const byteSizes: Readonly<Record<string, number>> = { UInt64: 8, Int64: 8 };

/** All blocks of a result as one. No block at all: no columns. Throws on a type that is none of the above. */
export function readNative(result: Uint8Array): NativeColumns {
  const cursor: Cursor = {
    bytes: Buffer.from(result.buffer, result.byteOffset, result.length),
    at: 0,
  };
  const blocks: NativeColumns[] = [];
  while (cursor.at < cursor.bytes.length) blocks.push(readBlock(cursor));
  const filled = blocks.filter(({ rows }) => rows > 0);
  return filled.length === 1 ? filled[0]! : joinBlocks(filled.length === 0 ? blocks : filled);
}

export function numbersOf({ columns }: NativeColumns, name: string): NumberArray {
  const column = columns[name];
  if (column?.kind !== "numbers") throw new Error(`column ${name} holds no numbers`);
  return column.values;
}

export function bytesOf({ columns }: NativeColumns, name: string): BytesColumn {
  const column = columns[name];
  if (column?.kind !== "bytes") throw new Error(`column ${name} holds no bytes`);
  return column;
}

/** Each text of it once. */
export function textsOf({ columns }: NativeColumns, name: string): TextColumn {
  const column = columns[name];
  if (column?.kind !== "texts") throw new Error(`column ${name} holds no texts`);
  return column;
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

function readBlock(cursor: Cursor): NativeColumns {
  const count = readVarint(cursor);
  const rows = readVarint(cursor);
  const columns: Record<string, NativeColumn> = {};
  for (let i = 0; i < count; i++) {
    const name = readText(cursor);
    const type = readText(cursor);
    columns[name] = readColumn(cursor, type, rows);
  }
  return { rows, columns };
}

function readColumn(cursor: Cursor, type: string, rows: number): NativeColumn {
  if (type === "LowCardinality(String)") return readLowCardinality(cursor, rows);
  if (type === "String") return readStrings(cursor, rows);
  const numbers = numberArrays[type];
  if (numbers) return { kind: "numbers", values: readNumbers(cursor, numbers, rows) };
  const size = byteSizes[type] ?? Number(/^FixedString\((\d+)\)$/.exec(type)?.[1]);
  if (Number.isNaN(size)) throw new Error(`a column of type ${type} can't be read`);
  return { kind: "bytes", size, values: take(cursor, rows * size) };
}

function readStrings(cursor: Cursor, rows: number): TextColumn {
  const values: string[] = [];
  for (let i = 0; i < rows; i++) values.push(readText(cursor));
  return { kind: "texts", values, places: Uint32Array.from(values.keys()) };
}

const placeArrays = [numberArrays["UInt8"]!, numberArrays["UInt16"]!, numberArrays["UInt32"]!];
const hasKeysHere = 1n << 9n;

function readLowCardinality(cursor: Cursor, rows: number): TextColumn {
  if (rows === 0) return { kind: "texts", values: [], places: new Uint32Array() };
  cursor.at += 8;
  const flags = cursor.bytes.readBigUInt64LE(cursor.at);
  cursor.at += 8;
  const placeArray = placeArrays[Number(flags & 0xffn)];
  if (!placeArray || (flags & hasKeysHere) === 0n) {
    throw new Error(`a dictionary with flags ${flags} can't be read`);
  }
  const { values } = readStrings(cursor, readCount(cursor));
  const places = readNumbers(cursor, placeArray, readCount(cursor));
  return { kind: "texts", values, places };
}

function readCount(cursor: Cursor): number {
  const count = Number(cursor.bytes.readBigUInt64LE(cursor.at));
  cursor.at += 8;
  return count;
}

function readNumbers(
  cursor: Cursor,
  NumberArray: (typeof numberArrays)[string],
  rows: number,
): NumberArray {
  const { BYTES_PER_ELEMENT: size } = NumberArray as unknown as { BYTES_PER_ELEMENT: number };
  // Copied: numbers have to lie at a multiple of their size.
  const copy = new Uint8Array(rows * size);
  copy.set(take(cursor, rows * size));
  return new NumberArray(copy.buffer);
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) {
    throw new Error(`a result of ${cursor.bytes.length} bytes ends before byte ${end}`);
  }
  const taken = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return taken;
}

function readText(cursor: Cursor): string {
  const length = readVarint(cursor);
  const at = cursor.at;
  take(cursor, length);
  return cursor.bytes.toString("utf8", at, cursor.at);
}

function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const [byte] = take(cursor, 1);
    value += (byte! & 127) * factor;
    if (byte! < 128) return value;
  }
}

function joinBlocks(blocks: readonly NativeColumns[]): NativeColumns {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const names = Object.keys(blocks[0]?.columns ?? {});
  const join = (name: string) =>
    joinColumns(
      blocks.map(({ columns }) => columns[name]!),
      rows,
    );
  return { rows, columns: Object.fromEntries(names.map((name) => [name, join(name)])) };
}

function joinColumns(parts: readonly NativeColumn[], rows: number): NativeColumn {
  const [first] = parts;
  if (first!.kind === "texts") return joinTexts(parts as TextColumn[], rows);
  if (first!.kind === "bytes") {
    const all = Buffer.concat((parts as BytesColumn[]).map(({ values }) => values));
    return { ...first!, values: all };
  }
  const NumberArray = (first as NumberColumn).values.constructor as new (
    rows: number,
  ) => NumberArray;
  const all = new NumberArray(rows);
  let row = 0;
  for (const { values } of parts as NumberColumn[]) {
    all.set(values, row);
    row += values.length;
  }
  return { kind: "numbers", values: all };
}

/** Each block has a dictionary of its own; what stands in several is the same text, once. */
function joinTexts(parts: readonly TextColumn[], rows: number): TextColumn {
  const placeOf = new Map<string, number>();
  const places = new Uint32Array(rows);
  let row = 0;
  for (const part of parts) {
    const joined = Uint32Array.from(part.values, (value) => {
      const known = placeOf.get(value);
      if (known !== undefined) return known;
      placeOf.set(value, placeOf.size);
      return placeOf.size - 1;
    });
    const own = part.places;
    for (let i = 0; i < own.length; i++) places[row + i] = joined[own[i]!]!;
    row += own.length;
  }
  return { kind: "texts", values: [...placeOf.keys()], places };
}
