import {
  type OpenRequestsParameters,
  type OpenRequestsRow,
  openRequestsQuery,
} from "../../storage/queries/open-requests.ts";
import {
  type PoolNamesParameters,
  type PoolNamesRow,
  poolNamesQuery,
} from "../../storage/queries/pool-names.ts";
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
/** Of all processes of the service; calls on further ones count as if their spans named no pool. */
const poolsMax = 1_000;

/** Who held the connections that requests in `sample` waited for; null: none waited long. */
export async function readConnectionHolders(
  store: Store,
  { service, environment }: { readonly service: string; readonly environment: string },
  sample: readonly TraceView[],
): Promise<ConnectionHolders | null> {
  const waiting = pickWaits(sample);
  if (waiting.length === 0) return null;
  const baseNs = waiting[0]!.trace.startTimeUnixNano;
  const waits = waiting.map(({ trace, span, pool, ...wait }) => ({
    ...shift(wait, trace, baseNs),
    pool,
    spanId: trace.spanId[span]!,
  }));
  const rows = await store.select<OpenRequestsRow>(
    openRequestsQuery,
    toParameters({ service, environment }, waits, baseNs),
  );
  const holds: Hold[] = [];
  const measured = sample.flatMap((trace) => measuredWaits(trace, baseNs));
  const ids = [...new Set(rows.map(({ traceId }) => traceId))].sort();
  let nameOf = (_spanId: string) => "";
  if (ids.length > 0) {
    const range = coverAll(rows);
    for await (const traces of readTraces(store, ids, range, {
      tracesAtOnce: ids.length,
      spansMax,
      // What is too large to be read was counted when it was examined.
      onTooLarge: () => undefined,
    })) {
      for (const trace of traces) {
        holds.push(...holdsOf(trace, baseNs));
        measured.push(...measuredWaits(trace, baseNs));
      }
    }
    nameOf = await readPoolNames(store, { traceIds: ids, ...range, poolsMax });
  }
  const named = <It extends { readonly spanId: string }>(it: It) => ({
    ...it,
    poolName: nameOf(it.spanId),
  });
  return connectionHolders(waits.map(named), holds.map(named), measured);
}

/** Tells the name of the pool that the call was made on, by the id of its span; "": unknown. */
async function readPoolNames(
  store: Store,
  parameters: PoolNamesParameters,
): Promise<(spanId: string) => string> {
  const nameOf = new Map<string, string>();
  for (const { poolName, spanIds } of await store.select<PoolNamesRow>(
    poolNamesQuery,
    parameters,
  )) {
    for (const spanId of spanIds) nameOf.set(spanId, poolName);
  }
  return (spanId) => nameOf.get(spanId) ?? "";
}

interface Waiting extends Omit<WaitedFor, "poolName"> {
  readonly trace: TraceView;
  readonly span: SpanIndex;
}

type Hold = Omit<HeldBy, "poolName"> & { readonly spanId: string };

/** The longest wait of each trace, some of them, evenly over time. */
function pickWaits(sample: readonly TraceView[]): Waiting[] {
  const longest = sample.flatMap((trace): Waiting[] => {
    const waits = connectionWaits(trace).filter(
      ({ start, end, isConnecting }) => !isConnecting && end - start >= waitNsMin,
    );
    if (waits.length === 0) return [];
    const { span, start, end } = waits.reduce((a, b) =>
      b.end - b.start > a.end - a.start ? b : a,
    );
    return [{ trace, span, start, end, pool: poolOf(trace, span) }];
  });
  const step = Math.max(1, longest.length / waitsMax);
  return Array.from(
    { length: Math.min(waitsMax, longest.length) },
    (_, i) => longest[Math.floor(i * step)]!,
  );
}

/** Process and system: spans of a pool mostly don't name the database. */
function poolOf(trace: TraceView, span: SpanIndex): string {
  return `${trace.resourceId[span]} ${trace.dbSystemName[span]}`;
}

function shift({ start, end }: { start: number; end: number }, trace: TraceView, baseNs: bigint) {
  const offset = Number(trace.startTimeUnixNano - baseNs);
  return { start: start + offset, end: end + offset };
}

function toParameters(
  of: { readonly service: string; readonly environment: string },
  waits: readonly Pick<WaitedFor, "start" | "end">[],
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

function holdsOf(trace: TraceView, baseNs: bigint): Hold[] {
  const requests = new Set<string>();
  return connectionHolds(trace)
    .toSorted((a, b) => a.span - b.span)
    .map(({ span, start, end, ...hold }) => {
      const endpointSpan = endpointSpanOf(trace, span);
      const pool = poolOf(trace, span);
      const request = `${endpointSpan} ${pool}`;
      const isFirst = !requests.has(request);
      requests.add(request);
      return {
        ...hold,
        ...shift({ start, end }, trace, baseNs),
        // A call begins when it asks.
        askedAt: shift({ start: trace.start[span]!, end }, trace, baseNs).start,
        isFirst,
        pool,
        spanId: trace.spanId[span]!,
        endpoint: endpointLabel(endpointOf(trace, endpointSpan)),
      };
    });
}

/** Where an agent measures them, a call without a wait had its connection at once. */
function measuredWaits(trace: TraceView, baseNs: bigint): WaitedFor[] {
  return connectionWaits(trace)
    .filter(({ source }) => source === "measured")
    .map((wait) => ({
      ...shift(wait, trace, baseNs),
      pool: poolOf(trace, wait.span),
      poolName: "",
    }));
}
