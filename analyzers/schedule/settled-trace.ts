import {
  type TracesBoundsParameters,
  type TracesBoundsRow,
  tracesBoundsQuery,
} from "../../storage/queries/traces-bounds.ts";
import type { Store } from "../../storage/store.ts";
import type { TraceSigns } from "../model/trace-signs.ts";

/** A trace that is to be examined. */
export interface SettledTrace {
  readonly traceId: string;
  /** Whole seconds since 1970, of the trace's first start and last end: all of its spans, not only the late ones. */
  readonly fromS: number;
  readonly toS: number;
  /** It may have settled before, with fewer spans. */
  readonly mayBeAgain: boolean;
  /** What it has at most; absent: anything. */
  readonly signs?: TraceSigns;
}

/** What arrived of a settled trace in the time that was looked at. */
export interface Arrived extends SettledTrace {
  readonly settledMs: number;
  readonly arrivedS: number;
  readonly signs: TraceSigns;
  readonly spans: number;
  readonly roots: number;
}

/**
 * A trace with a root that took no longer than this, and arrived no longer than this after it happened, arrived all within the
 * time that was looked at: spans wait some seconds in their processes, and as long again in a journal.
 */
const wholeWithinS = 30;
/** Their ids are part of a query, which has at most 256 KiB. */
const idsMax = 5_000;

/** Where in time the traces are, all of their spans, by id; unknown ones are left out. */
export async function readBounds(
  store: Store,
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, TracesBoundsRow>> {
  const bounds = new Map<string, TracesBoundsRow>();
  for (let at = 0; at < traceIds.length; at += idsMax) {
    const parameters: TracesBoundsParameters = {
      traceIds: traceIds.slice(at, at + idsMax).join(" "),
    };
    for (const row of await store.select<TracesBoundsRow>(tracesBoundsQuery, parameters)) {
      bounds.set(row.traceId, row);
    }
  }
  return bounds;
}

/** Looks up where the rest is of those that may have arrived earlier in part. Their signs are then unknown. */
export async function completeTraces(
  store: Store,
  arrived: readonly Arrived[],
): Promise<SettledTrace[]> {
  const doubtful = arrived.filter(
    ({ roots, fromS, toS, arrivedS }) =>
      roots === 0 || toS - fromS > wholeWithinS || arrivedS - toS > wholeWithinS,
  );
  const bounds = await readBounds(
    store,
    doubtful.map(({ traceId }) => traceId),
  );
  return arrived.map((trace) => {
    const { traceId, fromS, toS, mayBeAgain, signs } = trace;
    const whole = bounds.get(traceId);
    if (!whole) return { traceId, fromS, toS, mayBeAgain, signs };
    const range = {
      traceId,
      fromS: Math.min(fromS, whole.fromS),
      toS: Math.max(toS, whole.toS),
    };
    if (whole.spans === trace.spans) return { ...range, mayBeAgain, signs };
    return { ...range, mayBeAgain: true };
  });
}
