import {
  firstWaterfallSpansQuery,
  type WaterfallSpansParameters,
  waterfallSpansQuery,
} from "../../storage/queries/waterfall-spans.ts";
import type { Store } from "../../storage/store.ts";
import { type CallColumns, callLabel } from "../facts/call-template.ts";
import { criticalPath } from "../facts/critical-path.ts";
import { toWaterfall } from "../facts/waterfall.ts";
import { statusError, type TraceTree, type TraceView } from "../model/trace-view.ts";
import type { WaterfallView } from "../model/waterfall-view.ts";
import { toTraceViewOfRows } from "./native-spans.ts";
import type { TimeRange } from "./read-traces.ts";

/** Spans that a page gets; a larger trace shows its first ones. */
const spansShownMax = 20_000;
/** Spans that are laid out, to choose them. */
const spansReadMax = 200_000;

/** What `waterfall-spans` returns. */
type WaterfallTrace = TraceTree &
  CallColumns &
  Pick<TraceView, "statusCode" | "service" | "repeats">;

/** Reads a trace and lays it out, with its critical path. null: it is not there. */
export async function readWaterfall(
  store: Store,
  traceId: string,
  { fromS, toS, spansMax = spansReadMax }: TimeRange & { readonly spansMax?: number },
): Promise<WaterfallView | null> {
  const parameters: WaterfallSpansParameters = { traceId, fromS, toS, spansMax };
  const spans = await store.selectNative(waterfallSpansQuery, parameters);
  if (spans.rows === 0) return null;
  const trace = toTraceViewOfRows(traceId, spans);
  if (spans.rows < spansMax && trace.size === spans.rows) return layOut(trace);
  // Which spans are its first ones, and which of the copies came first, ClickHouse knows: it takes longer, and is seldom asked.
  return layOut(
    toTraceViewOfRows(traceId, await store.selectNative(firstWaterfallSpansQuery, parameters)),
  );
}

function layOut(trace: WaterfallTrace): WaterfallView {
  const { order, parent, depth } = toWaterfall(trace);
  const shown = order.slice(0, spansShownMax);
  const placeOf = new Map(shown.map((span, place) => [span, place]));
  const pick = <T>(values: ArrayLike<T>): T[] => shown.map((span) => values[span]!);
  const sections = criticalPath(trace).filter(({ span }) => placeOf.has(span));
  return {
    traceId: trace.traceId,
    startAt: Number(trace.startTimeUnixNano / 1_000_000n),
    durationNs: trace.end.reduce((max, end) => Math.max(max, end), 0),
    spanId: pick(trace.spanId),
    parent: parent.slice(0, spansShownMax),
    depth: depth.slice(0, spansShownMax),
    startNs: pick(trace.start),
    durationNsOf: shown.map((span) => trace.end[span]! - trace.start[span]!),
    service: pick(trace.service),
    name: shown.map((span) => callLabel(trace, span)),
    kind: pick(trace.kind),
    hasError: shown.map((span) => trace.statusCode[span] === statusError),
    repeats: pick(trace.repeats),
    // A section has the root's clock; on the span's own bar it lies where the span's clock had it.
    criticalPath: sections.map(({ span, start, end, skewNs }) => ({
      span: placeOf.get(span)!,
      startNs: start - skewNs,
      endNs: end - skewNs,
    })),
    truncated: order.length > shown.length,
  };
}
