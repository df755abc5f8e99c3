import { indexParents } from "./index-parents.ts";
import type { SpanColumns } from "./span-columns.ts";
import {
  type ColumnName,
  columnNames,
  type SpanRows,
  type TextColumnName,
  toSpanRows,
} from "./span-rows.ts";

/** A span's place in its `TraceView`. */
export type SpanIndex = number;

/** OTLP SpanKind. */
export const spanKind = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** OTLP StatusCode. */
export const statusError = 2;

/** What `start` and `end` are made of. */
type TimeColumn = "startS" | "startNs" | "durationNs";

/** What a trace's shape and its critical path are made of. */
type TreeColumns = Pick<
  SpanColumns,
  TimeColumn | "spanId" | "parentSpanId" | "kind" | "resourceId"
>;

type Waits = Partial<Pick<SpanColumns, "poolWaitNs">>;

/**
 * One trace as columns and indexes. Spans are in order of start (ties: longer first, then span id), so the result does
 * not depend on the order of arrival.
 *
 * Times are nanoseconds since the trace's first start, exact in a double for 104 days. A call begins when it asks its pool
 * for a connection, although its span as it was sent begins with the connection (where the column is there). Parents always come from this
 * trace and never form a cycle: a span whose parent is missing, or that would close a cycle, is a root, and counted
 * in `orphans`.
 */
export interface TraceTree extends Omit<TreeColumns, TimeColumn> {
  readonly traceId: string;
  /** Nanoseconds since 1970 of the first start. */
  readonly startTimeUnixNano: bigint;
  readonly size: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** Index of the parent; -1: a root. */
  readonly parent: Int32Array;
  readonly roots: readonly SpanIndex[];
  /** The children of span i, by start: `children.slice(childrenStart[i], childrenStart[i + 1])`. */
  readonly children: Int32Array;
  readonly childrenStart: Int32Array;
  /** Spans that name a parent which is not here (late, sampled out, or a cycle). */
  readonly orphans: number;
}

/** A trace with all that is known of its spans: what every detector reads. */
export interface TraceView extends TraceTree, Omit<SpanColumns, TimeColumn> {
  /** What was worked out of the trace so far; see `oncePerTrace`. */
  readonly facts: unknown[];
  /** A number for the text of each span: equal for equal texts of this trace. */
  codes(name: TextColumnName): ArrayLike<number>;
}

/** The children of `span`, by start; a view, not a copy. */
export function childrenOf(trace: TraceTree, span: SpanIndex): Int32Array {
  return trace.children.subarray(trace.childrenStart[span], trace.childrenStart[span + 1]);
}

export function durationNs(trace: TraceTree, span: SpanIndex): number {
  return trace.end[span]! - trace.start[span]!;
}

/** Builds the view of those columns that there are, of all their spans, at least one. O(n log n). */
export function toTraceView<Columns extends TreeColumns & Waits>(
  traceId: string,
  columns: Columns,
): TraceTree & Pick<TraceView, "facts" | "codes"> & Omit<Columns, TimeColumn> {
  const rows = Uint32Array.from(columns.spanId.keys());
  // A column that is not there is not part of the type either.
  return viewOf(traceId, toSpanRows(columns), rows) as unknown as ReturnType<
    typeof toTraceView<Columns>
  >;
}

/**
 * Builds the view of some rows, at least one, in any order. A column's values are picked from `all` when somebody asks for
 * them: of most traces, few columns are looked at.
 */
export function viewOf(traceId: string, all: SpanRows, rows: Uint32Array): TraceView {
  const origin = firstStart(all, rows);
  const arrays = allocate(rows.length);
  const { order, start, end } = orderByStart(all, rows, timesSince(origin, all, rows, arrays));
  const { parent } = arrays;
  const orphans = indexParents(all, order, parent) + cutCycles(parent);
  const indexes = { start, end, parent, orphans, ...indexChildren(arrays) };
  return new Trace(traceId, { all, order, origin }, indexes) as unknown as TraceView;
}

interface Arrays extends Times {
  readonly parent: Int32Array;
  readonly childrenStart: Int32Array;
  /** Longer than it has to be: roots are no children. */
  readonly children: Int32Array;
}

/** In one piece: to ask for memory costs more than to fill what a trace of twenty spans takes. */
function allocate(size: number): Arrays {
  const buffer = new ArrayBuffer(28 * size + 4);
  return {
    start: new Float64Array(buffer, 0, size),
    end: new Float64Array(buffer, 8 * size, size),
    parent: new Int32Array(buffer, 16 * size, size),
    children: new Int32Array(buffer, 20 * size, size),
    childrenStart: new Int32Array(buffer, 24 * size, size + 1),
  };
}

type Indexes = Omit<
  TraceView,
  ColumnName | "traceId" | "startTimeUnixNano" | "size" | "facts" | "codes"
>;

interface Source {
  readonly all: SpanRows;
  readonly order: Uint32Array;
  readonly origin: Instant;
}

/** A `TraceView`; its columns are defined below the class. */
class Trace {
  readonly traceId: string;
  readonly size: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly parent: Int32Array;
  readonly roots: readonly SpanIndex[];
  readonly children: Int32Array;
  readonly childrenStart: Int32Array;
  readonly orphans: number;
  readonly facts: unknown[] = [];
  readonly #source: Source;
  readonly #picked: (readonly unknown[] | undefined)[] = [];
  readonly #codes: { [Name in TextColumnName]?: ArrayLike<number> } = {};

  constructor(traceId: string, source: Source, indexes: Indexes) {
    this.traceId = traceId;
    this.size = source.order.length;
    this.start = indexes.start;
    this.end = indexes.end;
    this.parent = indexes.parent;
    this.roots = indexes.roots;
    this.children = indexes.children;
    this.childrenStart = indexes.childrenStart;
    this.orphans = indexes.orphans;
    this.#source = source;
  }

  get startTimeUnixNano(): bigint {
    const { s, ns } = this.#source.origin;
    return BigInt(s) * 1_000_000_000n + BigInt(ns);
  }

  codes(name: TextColumnName): ArrayLike<number> {
    const { all, order } = this.#source;
    this.#codes[name] ??= all.codes(name, order);
    return this.#codes[name];
  }

  static {
    for (const [i, name] of columnNames.entries()) {
      Object.defineProperty(Trace.prototype, name, {
        get(this: Trace) {
          const { all, order } = this.#source;
          this.#picked[i] ??= all.pick(name, order);
          return this.#picked[i];
        },
      });
    }
  }
}

interface Instant {
  readonly s: number;
  readonly ns: number;
}

function firstStart({ startS, startNs }: SpanRows, rows: Uint32Array): Instant {
  let first = rows[0]!;
  for (const row of rows) {
    const isBefore =
      startS[row]! < startS[first]! ||
      (startS[row] === startS[first] && startNs[row]! < startNs[first]!);
    if (isBefore) first = row;
  }
  return { s: startS[first]!, ns: startNs[first]! };
}

interface Times {
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** Of each of the rows. A wait that began before all spans of the trace counts from the first of them. */
function timesSince(
  origin: Instant,
  { startS, startNs, durationNs, waitNs }: SpanRows,
  rows: Uint32Array,
  { start, end }: Times,
): Times {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const connected = (startS[row]! - origin.s) * 1e9 + (startNs[row]! - origin.ns);
    start[i] = Math.max(0, connected - (waitNs?.[row] ?? 0));
    end[i] = connected + durationNs[row]!;
  }
  return { start, end };
}

/** Rows come in this order mostly. */
function orderByStart(
  { idHigh, idLow }: SpanRows,
  rows: Uint32Array,
  { start, end }: Times,
): Times & { readonly order: Uint32Array } {
  const compare = (a: number, b: number) =>
    start[a]! - start[b]! ||
    end[b]! - end[a]! ||
    idHigh[rows[a]!]! - idHigh[rows[b]!]! ||
    idLow[rows[a]!]! - idLow[rows[b]!]!;
  let i = 1;
  while (i < rows.length && compare(i - 1, i) <= 0) i++;
  if (i >= rows.length) return { order: rows, start, end };
  const places = Uint32Array.from(rows.keys()).sort(compare);
  return {
    order: places.map((place) => rows[place]!),
    start: Float64Array.from(places, (place) => start[place]!),
    end: Float64Array.from(places, (place) => end[place]!),
  };
}

/** Makes a root of the first span of every cycle; each span is walked once. Returns how many were cut. */
function cutCycles(parent: Int32Array): number {
  if (parent.every((above, span) => above < span)) return 0;
  const seenInWalk = new Int32Array(parent.length).fill(-1);
  let cut = 0;
  for (let walk = 0; walk < parent.length; walk++) {
    let at = walk;
    while (at !== -1 && seenInWalk[at] === -1) {
      seenInWalk[at] = walk;
      const next = parent[at]!;
      if (next !== -1 && seenInWalk[next] === walk) {
        parent[firstOfCycle(parent, next)] = -1;
        cut++;
        break;
      }
      at = next;
    }
  }
  return cut;
}

function firstOfCycle(parent: Int32Array, member: SpanIndex): SpanIndex {
  let first = member;
  for (let at = parent[member]!; at !== member; at = parent[at]!) first = Math.min(first, at);
  return first;
}

function indexChildren({ parent, children, childrenStart }: Arrays) {
  const roots: SpanIndex[] = [];
  for (let i = 0; i < parent.length; i++) {
    if (parent[i] === -1) roots.push(i);
    else childrenStart[parent[i]!]!++;
  }
  // First where the children of each end; each that is put there, from the last on, moves that to where they start.
  for (let i = 1; i <= parent.length; i++) childrenStart[i]! += childrenStart[i - 1]!;
  for (let i = parent.length - 1; i >= 0; i--) {
    const at = parent[i]!;
    if (at !== -1) children[--childrenStart[at]!] = i;
  }
  return { roots, children: children.subarray(0, parent.length - roots.length), childrenStart };
}
