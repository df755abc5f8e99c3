import type { NativeColumn, NativeColumns } from "../../storage/native-columns.ts";
import { SpanIdTable } from "../model/span-id-table.ts";
import type { ColumnName, SpanRows } from "../model/span-rows.ts";
import { type TraceView, viewOf } from "../model/trace-view.ts";

/** Puts what `trace-spans` returned together by trace. Of copies of a span the one that starts first counts. */
export function toTraceViews(spans: NativeColumns): TraceView[] {
  if (spans.rows === 0) return [];
  const all = toSpanRows(spans);
  const views: TraceView[] = [];
  for (const [traceId, rows] of groupByTrace(bytesOf(spans, "traceId").values, spans.rows)) {
    views.push(viewOf(traceId, all, withoutCopies(all, Uint32Array.from(rows))));
  }
  return views;
}

const traceIdBytes = 16;

/** Rows of a trace come in runs, so that few ids have to be looked up. */
function groupByTrace(values: Uint8Array, rows: number): Map<string, number[]> {
  const ids = Buffer.from(values.buffer, values.byteOffset, values.length);
  const groups = new Map<string, number[]>();
  let group: number[] = [];
  for (let row = 0, at = 0; row < rows; row++, at += traceIdBytes) {
    if (row === 0 || !isSameId(ids, at, at - traceIdBytes)) {
      const traceId = ids.toString("hex", at, at + traceIdBytes);
      const known = groups.get(traceId);
      group = known ?? [];
      if (!known) groups.set(traceId, group);
    }
    group.push(row);
  }
  return groups;
}

function isSameId(ids: Buffer, a: number, b: number): boolean {
  for (let i = traceIdBytes - 1; i >= 0; i--) if (ids[a + i] !== ids[b + i]) return false;
  return true;
}

/** Spans of a trace that are looked through for a copy one by one; of more, a table is made. */
const comparedMax = 24;

function withoutCopies(all: SpanRows, rows: Uint32Array): Uint32Array {
  const { idHigh, idLow } = all;
  if (rows.length > comparedMax) return withoutCopiesByTable(all, rows);
  for (let i = 1; i < rows.length; i++) {
    for (let j = 0; j < i; j++) {
      if (idLow[rows[i]!] === idLow[rows[j]!] && idHigh[rows[i]!] === idHigh[rows[j]!]) {
        return withoutCopiesByTable(all, rows);
      }
    }
  }
  return rows;
}

function withoutCopiesByTable(all: SpanRows, rows: Uint32Array): Uint32Array {
  const table = new SpanIdTable(all, rows.length);
  const kept: number[] = [];
  for (const row of rows) {
    const place = table.add(row);
    if (place === -1) kept.push(row);
    else if (startsBefore(all, row, kept[place]!)) kept[place] = row;
  }
  return kept.length === rows.length ? rows : Uint32Array.from(kept);
}

function startsBefore({ startS, startNs }: SpanRows, a: number, b: number): boolean {
  return startS[a]! < startS[b]! || (startS[a] === startS[b] && startNs[a]! < startNs[b]!);
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
