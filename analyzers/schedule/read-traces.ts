import type { NativeColumns } from "../../storage/native-columns.ts";
import {
  firstSpansQuery,
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
 * Reads traces (ids in hex) whose spans start within `range`, in parts, in no promised order. Traces that are not there are left
 * out; one trace with more than `spansMax` spans is read up to there.
 */
export async function* readTraces(
  store: Store,
  traceIds: readonly string[],
  range: TimeRange,
  limits: ReadLimits = {},
): AsyncGenerator<readonly TraceView[]> {
  const { tracesAtOnce = 50, spansMax = 200_000, spansAtOnce = spansMax, onTooLarge } = limits;
  const open: (readonly string[])[] = [];
  for (let at = 0; at < traceIds.length; at += tracesAtOnce) {
    open.push(traceIds.slice(at, at + tracesAtOnce));
  }
  open.reverse();
  for (let ids = open.pop(); ids !== undefined; ids = open.pop()) {
    const spans = await readSpans(store, { traceIds: ids, ...range, spansMax }, onTooLarge);
    const half = ids.length >> 1;
    if (spans === "too-many") open.push(ids.slice(half), ids.slice(0, half));
    else if (spans !== null) yield* toTraceViews(spans, spansAtOnce);
  }
}

/** null: of a trace that is too large. */
async function readSpans(
  store: Store,
  parameters: TraceSpansParameters,
  onTooLarge: ReadLimits["onTooLarge"],
): Promise<NativeColumns | "too-many" | null> {
  const { traceIds, spansMax } = parameters;
  try {
    const spans = await store.selectNative(traceSpansQuery, parameters);
    if (spans.rows < spansMax) return spans;
    return traceIds.length > 1 ? "too-many" : await store.selectNative(firstSpansQuery, parameters);
  } catch (error) {
    if (!(error instanceof StorageError && error.code === "QUERY_LIMIT")) throw error;
    if (traceIds.length > 1) return "too-many";
    if (!onTooLarge) throw error;
    onTooLarge(traceIds[0]!, error);
    return null;
  }
}
