import type { NativeColumns } from "../../storage/native-columns.ts";
import {
  compareStored,
  isLongTrace,
  type TracePlace,
  toPlaces,
} from "../../storage/queries/trace-places.ts";
import {
  firstSpansQuery,
  longTraceSpansQuery,
  type TraceSpansParameters,
  traceSpansQuery,
} from "../../storage/queries/trace-spans.ts";
import { StorageError, type Store } from "../../storage/store.ts";
import type { TraceView } from "../model/trace-view.ts";
import { toTraceViews } from "./native-spans.ts";

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

export interface ReadLimits {
  /** Traces of one read. */
  readonly tracesAtOnce?: number;
  /** Spans that one read returns at most: what is held in memory. */
  readonly spansMax?: number;
  /** Of these, about so many are handed out as one part. */
  readonly spansAtOnce?: number;
  /** A trace that the store can't return within its limits is passed here and left out; without it, the read rejects. */
  readonly onTooLarge?: (traceId: string, error: StorageError) => void;
}

/**
 * Reads traces, in parts, in no promised order. Traces that are not there are left out; one trace with more than `spansMax` spans
 * is read up to there.
 */
export async function* readTraces(
  store: Store,
  traces: readonly TracePlace[],
  limits: ReadLimits = {},
): AsyncGenerator<readonly TraceView[]> {
  const { tracesAtOnce = 50, spansMax = 200_000, spansAtOnce = spansMax, onTooLarge } = limits;
  const sorted = traces.toSorted(compareStored);
  const open = [sorted.filter(isLongTrace), sorted.filter((trace) => !isLongTrace(trace))]
    .flatMap((alike) => cut(alike, tracesAtOnce))
    .reverse();
  for (let read = open.pop(); read !== undefined; read = open.pop()) {
    const spans = await readSpans(store, read, spansMax, onTooLarge);
    const half = read.length >> 1;
    if (spans === "too-many") open.push(read.slice(half), read.slice(0, half));
    else if (spans !== null) yield* toTraceViews(spans, spansAtOnce);
  }
}

function cut<T>(list: readonly T[], lengthMax: number): (readonly T[])[] {
  const lists = Math.ceil(list.length / lengthMax);
  return Array.from({ length: lists }, (_, i) => list.slice(i * lengthMax, (i + 1) * lengthMax));
}

/** null: of a trace that is too large. */
async function readSpans(
  store: Store,
  traces: readonly TracePlace[],
  spansMax: number,
  onTooLarge: ReadLimits["onTooLarge"],
): Promise<NativeColumns | "too-many" | null> {
  const parameters: TraceSpansParameters = {
    places: toPlaces(traces),
    ...coverAll(traces),
    spansMax,
  };
  const query = isLongTrace(traces[0]!) ? longTraceSpansQuery : traceSpansQuery;
  try {
    const spans = await store.selectNative(query, parameters);
    if (spans.rows < spansMax) return spans;
    return traces.length > 1 ? "too-many" : await store.selectNative(firstSpansQuery, parameters);
  } catch (error) {
    if (!(error instanceof StorageError && error.code === "QUERY_LIMIT")) throw error;
    if (traces.length > 1) return "too-many";
    if (!onTooLarge) throw error;
    onTooLarge(traces[0]!.traceId, error);
    return null;
  }
}
