import type { TraceResponse } from "../../../../collector/api/responses.ts";

export interface SpanOfTrace {
  readonly parent: number;
  readonly name: string;
  readonly repeats?: number;
  readonly hasError?: boolean;
}

/** Spans in order of the waterfall, each a millisecond after the one before. */
export function buildTraceResponse(
  spans: readonly SpanOfTrace[],
  more: Partial<TraceResponse> = {},
): TraceResponse {
  const depth: number[] = [];
  for (const { parent } of spans) depth.push(parent === -1 ? 0 : depth[parent]! + 1);
  return {
    traceId: "4f",
    startAt: 0,
    durationNs: spans.length * 1e6,
    spanId: spans.map((_, index) => `span-${index}`),
    parent: spans.map(({ parent }) => parent),
    depth,
    startNs: spans.map((_, index) => index * 1e6),
    durationNsOf: spans.map(() => 1e6),
    service: spans.map(() => "shop"),
    name: spans.map(({ name }) => name),
    kind: spans.map(() => 3),
    hasError: spans.map(({ hasError = false }) => hasError),
    repeats: spans.map(({ repeats = 1 }) => repeats),
    criticalPath: [],
    findings: [],
    heldBack: [],
    truncated: false,
    ...more,
  };
}

/** GET /orders: an orders query, five product queries (the third with a child), a render. */
export const ordersTrace: readonly SpanOfTrace[] = [
  { parent: -1, name: "GET /orders" },
  { parent: 0, name: "SELECT orders" },
  { parent: 0, name: "SELECT products" },
  { parent: 0, name: "SELECT products" },
  { parent: 0, name: "SELECT products" },
  { parent: 4, name: "connect", hasError: true },
  { parent: 0, name: "SELECT products" },
  { parent: 0, name: "SELECT products" },
  { parent: 0, name: "render" },
];
