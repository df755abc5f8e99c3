import type { NativeColumn, NativeColumns } from "../../storage/native-columns.ts";
import type { ColumnName, SpanRows } from "../model/span-rows.ts";
import { type TraceView, viewOf } from "../model/trace-view.ts";

/** Cuts what `trace-spans` returned, which is in order of trace, into views. */
export function toTraceViews(spans: NativeColumns): TraceView[] {
  if (spans.rows === 0) return [];
  const rows = toSpanRows(spans);
  const { values } = bytesOf(spans, "traceId");
  const ids = Buffer.from(values.buffer, values.byteOffset, values.length);
  const views: TraceView[] = [];
  let begin = 0;
  for (let row = 1; row <= spans.rows; row++) {
    if (row < spans.rows && isSameTrace(ids, row, begin)) continue;
    const traceId = ids.toString("hex", begin * 16, begin * 16 + 16);
    const own = new Uint32Array(row - begin);
    for (let i = 0; i < own.length; i++) own[i] = begin + i;
    views.push(viewOf(traceId, rows, own));
    begin = row;
  }
  return views;
}

function isSameTrace(ids: Buffer, a: number, b: number): boolean {
  return ids.compare(ids, b * 16, b * 16 + 16, a * 16, a * 16 + 16) === 0;
}

function toSpanRows(spans: NativeColumns): SpanRows {
  const id = toHalves(bytesOf(spans, "spanId").values);
  const parent = toHalves(bytesOf(spans, "parentSpanId").values);
  return {
    startS: numbersOf(spans, "startS"),
    startNs: numbersOf(spans, "startNs"),
    durationNs: numbersOf(spans, "durationNs"),
    waitNs: numbersOf(spans, "poolWaitNs"),
    idHigh: id.high,
    idLow: id.low,
    parentHigh: parent.high,
    parentLow: parent.low,
    pick: (name, rows) => pick(name, spans.columns[name]!, rows),
  };
}

function numbersOf({ columns }: NativeColumns, name: string): ArrayLike<number> {
  const column = columns[name];
  if (column?.kind !== "numbers") throw new Error(`column ${name} holds no numbers`);
  return column.values;
}

function bytesOf({ columns }: NativeColumns, name: string) {
  const column = columns[name];
  if (column?.kind !== "bytes") throw new Error(`column ${name} holds no bytes`);
  return column;
}

function toHalves(ids: Uint8Array): { readonly high: Uint32Array; readonly low: Uint32Array } {
  const view = new DataView(ids.buffer, ids.byteOffset, ids.length);
  const high = new Uint32Array(ids.length / 8);
  const low = new Uint32Array(ids.length / 8);
  for (let i = 0; i < high.length; i++) {
    high[i] = view.getUint32(i * 8);
    low[i] = view.getUint32(i * 8 + 4);
  }
  return { high, low };
}

function pick(name: ColumnName, column: NativeColumn, rows: Uint32Array): (string | number)[] {
  const picked = new Array<string | number>(rows.length);
  if (column.kind === "texts") {
    const { values, places } = column;
    for (let i = 0; i < rows.length; i++) picked[i] = values[places[rows[i]!]!]!;
  } else if (column.kind === "numbers") {
    const { values } = column;
    for (let i = 0; i < rows.length; i++) picked[i] = values[rows[i]!]!;
  } else {
    const { values } = column;
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.length);
    const toText = name === "paramsHash" ? toDecimal : toSpanId;
    for (let i = 0; i < rows.length; i++) picked[i] = toText(bytes, rows[i]! * 8);
  }
  return picked;
}

function toDecimal(bytes: Buffer, at: number): string {
  if (bytes.readUInt32LE(at) === 0 && bytes.readUInt32LE(at + 4) === 0) return "0";
  return String(bytes.readBigUInt64LE(at));
}

/** A root has no parent, and eight zeros are no id. */
function toSpanId(bytes: Buffer, at: number): string {
  if (bytes.readUInt32LE(at) === 0 && bytes.readUInt32LE(at + 4) === 0) return "";
  return bytes.toString("hex", at, at + 8);
}
