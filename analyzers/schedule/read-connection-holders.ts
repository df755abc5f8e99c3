import {
  type OpenRequestsParameters,
  type OpenRequestsRow,
  openRequestsQuery,
} from "../../storage/queries/open-requests.ts";
import type { Store } from "../../storage/store.ts";
import {
  type ConnectionHolders,
  connectionHolders,
  type HeldBy,
  type WaitedFor,
} from "../facts/connection-holders.ts";
import { connectionHolds } from "../facts/connection-holds.ts";
import { connectionWaits } from "../facts/connection-waits.ts";
import { endpointLabel, endpointOf, endpointSpanOf } from "../facts/endpoint-span.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { coverAll, readTraces } from "./read-traces.ts";

/** Waits that are looked at: the longest of so many traces, which lie apart. */
const waitsMax = 8;
/** A request that waited less tells little of who held the connections. */
const waitNsMin = 10e6;
/** Requests that were under way during one wait. */
const requestsOfWaitMax = 40;
/** What holds a connection for longer is not seen. */
const lookBackS = 120;
const spansMax = 100_000;

export interface AffectedTrace {
  readonly trace: TraceView;
  readonly spans: readonly SpanIndex[];
}

interface WaitingRequests {
  readonly service: string;
  readonly environment: string;
  /** Traces with the waits in question: all of one pool. */
  readonly affected: readonly AffectedTrace[];
  /** Traces of which other waits are known, too. */
  readonly sample: readonly TraceView[];
}

/** Who held the connections that requests waited for; null: none waited long. */
export async function readConnectionHolders(
  store: Store,
  { service, environment, affected, sample }: WaitingRequests,
): Promise<ConnectionHolders | null> {
  const waiting = pickWaits(affected);
  if (waiting.length === 0) return null;
  const baseNs = waiting[0]!.trace.startTimeUnixNano;
  const waits = waiting.map(({ trace, ...wait }) => ({
    ...wait,
    ...shift(wait, trace, baseNs),
  }));
  const rows = await store.select<OpenRequestsRow>(
    openRequestsQuery,
    toParameters({ service, environment }, waits, baseNs),
  );
  const holds: HeldBy[] = [];
  const measured = sample.flatMap((trace) => measuredWaits(trace, baseNs));
  // A trace may have been under way in several windows.
  const open = [...Map.groupBy(rows, ({ traceId }) => traceId)].map(([traceId, places]) => ({
    traceId,
    ...coverAll(places),
  }));
  if (open.length > 0) {
    for await (const traces of readTraces(store, open, {
      tracesAtOnce: open.length,
      spansMax,
      // What is too large to be read was counted when it was examined.
      onTooLarge: () => undefined,
    })) {
      for (const trace of traces) {
        holds.push(...holdsOf(trace, baseNs));
        measured.push(...measuredWaits(trace, baseNs));
      }
    }
  }
  return connectionHolders(waits, holds, measured);
}

interface Waiting extends WaitedFor {
  readonly trace: TraceView;
}

/** The longest wait of each trace, some of them, evenly over time. */
function pickWaits(affected: readonly AffectedTrace[]): Waiting[] {
  const longest = affected.flatMap(({ trace, spans }): Waiting[] => {
    const waits = connectionWaits(trace).filter(
      ({ span, start, end, isConnecting }) =>
        spans.includes(span) && !isConnecting && end - start >= waitNsMin,
    );
    if (waits.length === 0) return [];
    const { span, start, end } = waits.reduce((a, b) =>
      b.end - b.start > a.end - a.start ? b : a,
    );
    return [{ trace, start, end, ...poolOf(trace, span) }];
  });
  const step = Math.max(1, longest.length / waitsMax);
  return Array.from(
    { length: Math.min(waitsMax, longest.length) },
    (_, i) => longest[Math.floor(i * step)]!,
  );
}

/** By process and system, for a checkout's span mostly doesn't name the database; and by name, where there is one. */
function poolOf(trace: TraceView, span: SpanIndex): Pick<WaitedFor, "pool" | "poolName"> {
  const pool = `${trace.resourceId[span]} ${trace.dbSystemName[span]}`;
  return { pool, poolName: trace.poolName[span]! };
}

function shift({ start, end }: { start: number; end: number }, trace: TraceView, baseNs: bigint) {
  const offset = Number(trace.startTimeUnixNano - baseNs);
  return { start: start + offset, end: end + offset };
}

function toParameters(
  of: { readonly service: string; readonly environment: string },
  waits: readonly WaitedFor[],
  baseNs: bigint,
): OpenRequestsParameters {
  const at = (ns: number) => baseNs + BigInt(Math.round(ns));
  const from = waits.map(({ start }) => at(start));
  const to = waits.map(({ end }) => at(end));
  const seconds = [...from, ...to].map((ns) => Number(ns / 1_000_000_000n));
  return {
    ...of,
    fromNs: from.map(String),
    toNs: to.map(String),
    fromS: Math.min(...seconds),
    toS: Math.max(...seconds),
    lookBackS,
    tracesMax: requestsOfWaitMax,
  };
}

function holdsOf(trace: TraceView, baseNs: bigint): HeldBy[] {
  const requests = new Set<string>();
  return connectionHolds(trace)
    .toSorted((a, b) => a.span - b.span)
    .map(({ span, start, end, ...hold }) => {
      const endpointSpan = endpointSpanOf(trace, span);
      const pool = poolOf(trace, span);
      const request = `${endpointSpan} ${pool.pool} ${pool.poolName}`;
      const isFirst = !requests.has(request);
      requests.add(request);
      return {
        ...hold,
        ...shift({ start, end }, trace, baseNs),
        // A call begins when it asks.
        askedAt: shift({ start: trace.start[span]!, end }, trace, baseNs).start,
        isFirst,
        ...pool,
        endpoint: endpointLabel(endpointOf(trace, endpointSpan)),
      };
    });
}

/** Where an agent measures them, a call without a wait had its connection at once. */
function measuredWaits(trace: TraceView, baseNs: bigint): WaitedFor[] {
  return connectionWaits(trace)
    .filter(({ source }) => source === "measured")
    .map((wait) => ({ ...shift(wait, trace, baseNs), ...poolOf(trace, wait.span) }));
}
