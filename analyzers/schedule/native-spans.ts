import {
  bytesOf,
  type NativeColumn,
  type NativeColumns,
  numbersOf,
  textsOf,
} from "../../storage/native-columns.ts";
import { SpanIdTable } from "../model/span-id-table.ts";
import type { ColumnName, SpanRows } from "../model/span-rows.ts";
import { type TraceView, viewOf } from "../model/trace-view.ts";

/**
 * Puts what `trace-spans` returned together by trace, in lists of about `spansAtOnce` spans. Of copies of a span the one that
 * starts first counts. Whoever forgets a list before it asks for the next spares the garbage collector most of its work: what is
 * worked out of a trace is a multiple of what was read.
 */
export function* toTraceViews(
  spans: NativeColumns,
  spansAtOnce: number,
): Generator<readonly TraceView[]> {
  if (spans.rows === 0) return;
  const all = toSpanRows(spans);
  let views: TraceView[] = [];
  let size = 0;
  // Rows of all traces, one trace after the other: a piece of it is what a view holds.
  const rows = new Uint32Array(spans.rows);
  let at = 0;
  for (const [traceId, runs] of runsByTrace(bytesOf(spans, "traceId").values, spans.rows)) {
    const from = at;
    for (const { first, end } of runs) for (let row = first; row < end; row++) rows[at++] = row;
    views.push(viewOf(traceId, all, withoutCopies(all, rows.subarray(from, at))));
    size += at - from;
    if (size < spansAtOnce) continue;
    yield views;
    views = [];
    size = 0;
  }
  if (views.length > 0) yield views;
}

/** The view of one trace, of what columns were read; its spans are fewer than the rows, at least one, when there are copies. */
export function toTraceViewOfRows(traceId: string, spans: NativeColumns): TraceView {
  const all = toSpanRows(spans);
  return viewOf(
    traceId,
    all,
    withoutCopies(
      all,
      Uint32Array.from({ length: spans.rows }, (_, row) => row),
    ),
  );
}

const traceIdBytes = 16;

/** Rows that follow each other and are of one trace. */
interface Run {
  readonly first: number;
  end: number;
}

/** Rows of a trace come in runs, so that few ids have to be looked up. */
function runsByTrace(values: Uint8Array, rows: number): Map<string, Run[]> {
  const ids = Buffer.from(values.buffer, values.byteOffset, values.length);
  const runsOf = new Map<string, Run[]>();
  let run: Run = { first: 0, end: 0 };
  for (let row = 0, at = 0; row < rows; row++, at += traceIdBytes) {
    if (row === 0 || !isSameId(ids, at, at - traceIdBytes)) {
      run = { first: row, end: row };
      const traceId = ids.toString("hex", at, at + traceIdBytes);
      const runs = runsOf.get(traceId);
      if (runs) runs.push(run);
      else runsOf.set(traceId, [run]);
    }
    run.end++;
  }
  return runsOf;
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
    waitNs: spans.columns["poolWaitNs"] && numbersOf(spans, "poolWaitNs"),
    idHigh: id.high,
    idLow: id.low,
    parentHigh: parent.high,
    parentLow: parent.low,
    pick: (name, rows) => pick(name, spans.columns[name]!, rows),
    codes: (name, rows) => {
      const { places } = textsOf(spans, name);
      const codes = new Uint32Array(rows.length);
      for (let i = 0; i < rows.length; i++) codes[i] = places[rows[i]!]!;
      return codes;
    },
  };
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
  if (column.kind === "bytes") {
    const texts = pickHex(column.values, rows);
    return name === "paramsHash" ? texts.map(orZero) : texts.map(orNone);
  }
  const picked = new Array<string | number>(rows.length);
  if (column.kind === "texts") {
    const { values, places } = column;
    for (let i = 0; i < rows.length; i++) picked[i] = values[places[rows[i]!]!]!;
  } else {
    const { values } = column;
    for (let i = 0; i < rows.length; i++) picked[i] = values[rows[i]!]!;
  }
  return picked;
}

const zeros = "0".repeat(16);
const orZero = (hex: string) => (hex === zeros ? "0" : hex);
/** A root has no parent, and eight zeros are no id. */
const orNone = (hex: string) => (hex === zeros ? "" : hex);

/** Eight bytes each. Rows of a trace mostly lie together: then one call turns all of them into text, and each is a part of it. */
function pickHex(values: Uint8Array, rows: Uint32Array): string[] {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.length);
  let first = rows[0]!;
  let last = first;
  for (const row of rows) {
    if (row < first) first = row;
    if (row > last) last = row;
  }
  const picked = new Array<string>(rows.length);
  if (last - first < 2 * rows.length) {
    const all = bytes.toString("hex", first * 8, last * 8 + 8);
    for (let i = 0; i < rows.length; i++) {
      const at = (rows[i]! - first) * 16;
      picked[i] = all.slice(at, at + 16);
    }
    return picked;
  }
  for (let i = 0; i < rows.length; i++) {
    picked[i] = bytes.toString("hex", rows[i]! * 8, rows[i]! * 8 + 8);
  }
  return picked;
}
