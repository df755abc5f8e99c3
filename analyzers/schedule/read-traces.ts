import { type TraceSpansParameters, traceSpansQuery } from "../../storage/queries/trace-spans.ts";
import type { Store } from "../../storage/store.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import { type TraceView, toTraceView } from "../model/trace-view.ts";

/** A span of time in whole seconds since 1970, both ends included. */
export interface TimeRange {
  readonly fromS: number;
  readonly toS: number;
}

/** The range that covers all of `ranges`. */
export function coverAll(ranges: readonly TimeRange[]): TimeRange {
  return {
    fromS: ranges.reduce((min, { fromS }) => Math.min(min, fromS), Number.MAX_SAFE_INTEGER),
    toS: ranges.reduce((max, { toS }) => Math.max(max, toS), 0),
  };
}

type TraceSpans = SpanColumns & { readonly traceId: readonly string[] };

/** Spans that one read returns at most: what a page of traces may hold in memory. */
const spansMax = 200_000;

/**
 * Reads traces (ids in hex) whose spans start within `range`. Traces that are not there are left out; one trace with
 * more than `spansMax` spans is read up to there.
 */
export async function readTraces(
  store: Store,
  traceIds: readonly string[],
  range: TimeRange,
): Promise<TraceView[]> {
  if (traceIds.length === 0) return [];
  const parameters: TraceSpansParameters = { traceIds, ...range, spansMax };
  const { traceId, ...columns } = await store.selectColumns<TraceSpans>(
    traceSpansQuery,
    parameters,
  );
  if (traceId.length < spansMax || traceIds.length === 1) return splitByTrace(traceId, columns);
  const half = traceIds.length >> 1;
  const first = await readTraces(store, traceIds.slice(0, half), range);
  return [...first, ...(await readTraces(store, traceIds.slice(half), range))];
}

/** Cuts rows that are ordered by trace into views. */
function splitByTrace(traceId: readonly string[], columns: SpanColumns): TraceView[] {
  const views: TraceView[] = [];
  let begin = 0;
  for (let i = 1; i <= traceId.length; i++) {
    if (i < traceId.length && traceId[i] === traceId[begin]) continue;
    views.push(toTraceView(traceId[begin]!, slice(columns, begin, i)));
    begin = i;
  }
  return views;
}

function slice(columns: SpanColumns, begin: number, end: number): SpanColumns {
  const part: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(columns)) part[name] = values.slice(begin, end);
  return part as unknown as SpanColumns;
}
