import type { SpanColumns } from "./span-columns.ts";

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
export interface TraceView extends TraceTree, Omit<SpanColumns, TimeColumn> {}

/** The children of `span`, by start; a view, not a copy. */
export function childrenOf(trace: TraceTree, span: SpanIndex): Int32Array {
  return trace.children.subarray(trace.childrenStart[span], trace.childrenStart[span + 1]);
}

export function durationNs(trace: TraceTree, span: SpanIndex): number {
  return trace.end[span]! - trace.start[span]!;
}

/** Builds the view of those columns that there are. O(n log n). `columns` must hold at least one span. */
export function toTraceView<Columns extends TreeColumns & Waits>(
  traceId: string,
  columns: Columns,
): TraceTree & Omit<Columns, TimeColumn> {
  const size = columns.spanId.length;
  const origin = firstStart(columns);
  const times = timesSince(origin, columns);
  const order = orderByStart(columns, times);
  const sorted = permute(columns, order);
  const start = Float64Array.from(order, (at) => times.start[at]!);
  const end = Float64Array.from(order, (at) => times.end[at]!);
  const { parent, orphans } = resolveParents(sorted.spanId, sorted.parentSpanId);
  return {
    ...sorted,
    traceId,
    startTimeUnixNano: BigInt(origin.s) * 1_000_000_000n + BigInt(origin.ns),
    size,
    start,
    end,
    parent,
    orphans,
    ...indexChildren(parent),
  };
}

interface Instant {
  readonly s: number;
  readonly ns: number;
}

function firstStart({ startS, startNs }: TreeColumns): Instant {
  let first = 0;
  for (let i = 1; i < startS.length; i++) {
    if (isBefore(startS[i]!, startNs[i]!, startS[first]!, startNs[first]!)) first = i;
  }
  return { s: startS[first]!, ns: startNs[first]! };
}

function isBefore(aS: number, aNs: number, bS: number, bNs: number): boolean {
  return aS < bS || (aS === bS && aNs < bNs);
}

interface Times {
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** A wait that began before all spans of the trace counts from the first of them. */
function timesSince(origin: Instant, columns: TreeColumns & Waits): Times {
  const { startS, startNs, durationNs, poolWaitNs } = columns;
  const start = new Float64Array(startS.length);
  const end = new Float64Array(startS.length);
  for (let i = 0; i < startS.length; i++) {
    const connected = (startS[i]! - origin.s) * 1e9 + (startNs[i]! - origin.ns);
    start[i] = Math.max(0, connected - (poolWaitNs?.[i] ?? 0));
    end[i] = connected + durationNs[i]!;
  }
  return { start, end };
}

function orderByStart({ spanId }: TreeColumns, { start, end }: Times): number[] {
  return spanId
    .map((_, i) => i)
    .sort(
      (a, b) => start[a]! - start[b]! || end[b]! - end[a]! || (spanId[a]! < spanId[b]! ? -1 : 1),
    );
}

function permute<Columns extends TreeColumns>(
  columns: Columns,
  order: readonly number[],
): Omit<Columns, TimeColumn> {
  const { startS: _s, startNs: _ns, durationNs: _d, ...kept } = columns;
  const sorted: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(kept)) sorted[name] = order.map((at) => values[at]);
  return sorted as unknown as Omit<Columns, TimeColumn>;
}

function resolveParents(spanId: readonly string[], parentSpanId: readonly string[]) {
  const indexOf = new Map(spanId.map((id, i) => [id, i]));
  const parent = new Int32Array(spanId.length).fill(-1);
  let orphans = 0;
  for (let i = 0; i < spanId.length; i++) {
    const id = parentSpanId[i]!;
    if (id === "") continue;
    const at = indexOf.get(id) ?? -1;
    if (at === -1) orphans++;
    else parent[i] = at;
  }
  return { parent, orphans: orphans + cutCycles(parent) };
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
