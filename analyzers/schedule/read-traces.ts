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
  /** Spans that one read returns at most: what a part holds in memory. */
  readonly spansMax?: number;
  /** A trace that the store can't return within its limits is passed here and left out; without it, the read rejects. */
  readonly onTooLarge?: (traceId: string, error: StorageError) => void;
}

/**
 * Reads traces (ids in hex) whose spans start within `range`, in parts of at most `spansMax` spans, in no promised order.
 * Traces that are not there are left out; one trace with more spans than that is read up to there.
 */
export async function* readTraces(
  store: Store,
  traceIds: readonly string[],
  range: TimeRange,
  limits: ReadLimits = {},
): AsyncGenerator<readonly TraceView[]> {
  const { tracesAtOnce = 50, spansMax = 200_000, onTooLarge } = limits;
  const open: (readonly string[])[] = [];
  for (let at = 0; at < traceIds.length; at += tracesAtOnce) {
    open.push(traceIds.slice(at, at + tracesAtOnce));
  }
  open.reverse();
  for (let ids = open.pop(); ids !== undefined; ids = open.pop()) {
    const part = await readPart(store, { traceIds: ids, ...range, spansMax }, onTooLarge);
    const half = ids.length >> 1;
    if (part === null) open.push(ids.slice(half), ids.slice(0, half));
    else yield part;
  }
}

/** null: there is too much in them to be read at once. */
async function readPart(
  store: Store,
  parameters: TraceSpansParameters,
  onTooLarge: ReadLimits["onTooLarge"],
): Promise<TraceView[] | null> {
  const { traceIds, spansMax } = parameters;
  try {
    const spans = await store.selectNative(traceSpansQuery, parameters);
    if (spans.rows < spansMax) return toTraceViews(spans);
    if (traceIds.length > 1) return null;
    return toTraceViews(await store.selectNative(firstSpansQuery, parameters));
  } catch (error) {
    if (!(error instanceof StorageError && error.code === "QUERY_LIMIT")) throw error;
    if (traceIds.length > 1) return null;
    if (!onTooLarge) throw error;
    onTooLarge(traceIds[0]!, error);
    return [];
  }
}
