import { indexParents } from "./index-parents.ts";
import type { SpanColumns } from "./span-columns.ts";
import { type ColumnName, columnNames, type SpanRows, toSpanRows } from "./span-rows.ts";

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
): TraceTree & { readonly facts: unknown[] } & Omit<Columns, TimeColumn> {
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
  const { order, ...times } = orderByStart(all, rows, timesSince(origin, all, rows));
  const { parent, orphans } = indexParents(all, order);
  const cut = cutCycles(parent);
  return new Trace(
    traceId,
    { all, order },
    {
      startTimeUnixNano: BigInt(origin.s) * 1_000_000_000n + BigInt(origin.ns),
      ...times,
      parent,
      orphans: orphans + cut,
      ...indexChildren(parent),
    },
  ) as unknown as TraceView;
}

type Indexes = Omit<TraceView, ColumnName | "traceId" | "size" | "facts">;

/** A `TraceView`; its columns are defined below the class. */
class Trace {
  readonly traceId: string;
  readonly size: number;
  readonly startTimeUnixNano: bigint;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly parent: Int32Array;
  readonly roots: readonly SpanIndex[];
  readonly children: Int32Array;
  readonly childrenStart: Int32Array;
  readonly orphans: number;
  readonly facts: unknown[] = [];
  readonly #all: SpanRows;
  readonly #order: Uint32Array;
  readonly #picked: (readonly unknown[] | undefined)[] = [];

  constructor(
    traceId: string,
    { all, order }: { readonly all: SpanRows; readonly order: Uint32Array },
    indexes: Indexes,
  ) {
    this.traceId = traceId;
    this.size = order.length;
    this.startTimeUnixNano = indexes.startTimeUnixNano;
    this.start = indexes.start;
    this.end = indexes.end;
    this.parent = indexes.parent;
    this.roots = indexes.roots;
    this.children = indexes.children;
    this.childrenStart = indexes.childrenStart;
    this.orphans = indexes.orphans;
    this.#all = all;
    this.#order = order;
  }

  static {
    for (const [i, name] of columnNames.entries()) {
      Object.defineProperty(Trace.prototype, name, {
        get(this: Trace) {
          this.#picked[i] ??= this.#all.pick(name, this.#order);
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
function timesSince(origin: Instant, all: SpanRows, rows: Uint32Array): Times {
  const { startS, startNs, durationNs, waitNs } = all;
  const start = new Float64Array(rows.length);
  const end = new Float64Array(rows.length);
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

function indexChildren(parent: Int32Array) {
  const roots: SpanIndex[] = [];
  const childrenStart = new Int32Array(parent.length + 1);
  for (let i = 0; i < parent.length; i++) {
    if (parent[i] === -1) roots.push(i);
    else childrenStart[parent[i]! + 1]!++;
  }
  for (let i = 0; i < parent.length; i++) childrenStart[i + 1]! += childrenStart[i]!;
  const next = childrenStart.slice();
  const children = new Int32Array(parent.length - roots.length);
  for (let i = 0; i < parent.length; i++) {
    const at = parent[i]!;
    if (at !== -1) children[next[at]!++] = i;
  }
  return { roots, children, childrenStart };
}
