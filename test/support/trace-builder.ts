import type { SpanColumns } from "../../analyzers/model/span-columns.ts";
import { spanKind, type TraceView, toTraceView } from "../../analyzers/model/trace-view.ts";

/**
 * Small synthetic traces. A span is what it is, its start and end in milliseconds since the trace's start, and its
 * children:
 *
 *   buildTrace(["GET /orders", 0, 100, ["authenticate", 0, 5], ...inSequence(query, 5, 19)])
 *
 * "GET /orders" is a server span with method and route; any other string is the name of an internal span. Children
 * run in their parent's service and process unless they say otherwise. A call's wait for its pool is part of its time.
 */
export type SpanNode = readonly [
  what: string | SpanFields,
  startMs: number,
  endMs: number,
  ...children: SpanNode[],
];

export type SpanFields = {
  readonly [Column in keyof SpanColumns]?: SpanColumns[Column][number];
} & { readonly name: string };

interface Placement {
  readonly fromMs?: number;
  readonly gapMs?: number;
}

/** A query by key, as the agent reports it; each call of a loop has parameters of its own. */
export const query: SpanFields = {
  name: "SELECT users",
  kind: spanKind.client,
  dbSystemName: "postgresql",
  dbNamespace: "shop",
  dbQuerySummary: "SELECT users",
  dbQueryText: "select * from users where id = $1",
  shapeId: "1001",
  returnedRows: 1,
};

export function buildTrace(...roots: readonly SpanNode[]): TraceView {
  return buildTraceAt(0, ...roots);
}

/** The same so much later, in whole milliseconds: traces of a sample that run beside each other, or don't. */
export function buildTraceAt(laterMs: number, ...roots: readonly SpanNode[]): TraceView {
  const { startS, startNs, ...columns } = buildColumns(...roots);
  const at = startNs.map((ns) => ns + (laterMs % 1_000) * 1e6);
  return toTraceView("0af7651916cd43dd8448eb211c80319c", {
    ...columns,
    startS: startS.map((s, i) => s + Math.floor(laterMs / 1_000) + Math.floor(at[i]! / 1e9)),
    startNs: at.map((ns) => ns % 1e9),
  });
}

/** The same as columns, in depth-first order. */
export function buildColumns(...roots: readonly SpanNode[]): SpanColumns {
  const spans: Span[] = [];
  const open: { node: SpanNode; parent?: Span }[] = roots.toReversed().map((node) => ({ node }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [what, startMs, endMs, ...children] = next.node;
    const span = toSpan(what, startMs, endMs, spans.length + 1, next.parent);
    spans.push(span);
    for (const node of children.toReversed()) open.push({ node, parent: span });
  }
  const columns: Record<string, unknown[]> = {};
  for (const name of Object.keys(blank)) {
    columns[name] = spans.map((span) => span[name as keyof SpanColumns]);
  }
  return columns as unknown as SpanColumns;
}

/** `count` calls, one after the other, `eachMs` long. */
export function inSequence(
  call: SpanFields,
  count: number,
  eachMs: number,
  { fromMs = 0, gapMs = 0 }: Placement = {},
): SpanNode[] {
  return Array.from({ length: count }, (_, i) => {
    const startMs = fromMs + i * (eachMs + gapMs);
    return [nthCall(call, i), startMs, startMs + eachMs];
  });
}

/** `count` calls that start together. */
export function inParallel(
  call: SpanFields,
  count: number,
  eachMs: number,
  { fromMs = 0 }: Placement = {},
): SpanNode[] {
  return Array.from({ length: count }, (_, i) => [nthCall(call, i), fromMs, fromMs + eachMs]);
}

/** One call after the other, each in a database of its own. */
export function perNamespace(
  call: SpanFields,
  count: number,
  eachMs: number,
  placement: Placement = {},
): SpanNode[] {
  return inSequence(call, count, eachMs, placement).map(([what, startMs, endMs], i) => [
    { ...(what as SpanFields), dbNamespace: `tenant_${i}` },
    startMs,
    endMs,
  ]);
}

type Span = { readonly [Column in keyof SpanColumns]: SpanColumns[Column][number] };

const blank: Span = {
  startS: 0,
  startNs: 0,
  durationNs: 0,
  spanId: "",
  parentSpanId: "",
  name: "",
  kind: spanKind.internal,
  statusCode: 0,
  service: "shop",
  environment: "test",
  serviceVersion: "1.0.0",
  resourceId: "1",
  scopeName: "",
  weight: 1,
  repeats: 1,
  httpRequestMethod: "",
  httpRoute: "",
  urlTemplate: "",
  serverAddress: "",
  dbSystemName: "",
  dbNamespace: "",
  dbQuerySummary: "",
  dbQueryText: "",
  messagingDestinationName: "",
  codeFilePath: "",
  codeLineNumber: 0,
  codeFunctionName: "",
  shapeId: "0",
  paramsHash: "0",
  returnedRows: -1,
  repeatDurationSumNs: 0,
  repeatDurationUnionNs: 0,
  repeatDistinctParams: 0,
  httpResponseStatusCode: 0,
  responseBytes: 0,
  responseContentType: "",
  isResponseWhole: 0,
  isResponseUncompressed: 0,
  poolWaitNs: 0,
  poolName: "",
  transactionId: "0",
  isBlockCause: -1,
};

/** A Sunday in November 2026, with nanoseconds that a double cannot hold. */
const epochNs = 1_795_311_485_123_456_789n;

function toSpan(
  what: string | SpanFields,
  startMs: number,
  endMs: number,
  number: number,
  parent: Span | undefined,
): Span {
  const fields = typeof what === "string" ? toFields(what) : what;
  const startNs = Math.round(startMs * 1e6) + (fields.poolWaitNs ?? 0);
  const startTimeUnixNano = epochNs + BigInt(startNs);
  return {
    ...blank,
    ...(parent && { service: parent.service, resourceId: parent.resourceId }),
    startS: Number(startTimeUnixNano / 1_000_000_000n),
    startNs: Number(startTimeUnixNano % 1_000_000_000n),
    durationNs: Math.round(endMs * 1e6) - startNs,
    spanId: number.toString(16).padStart(16, "0"),
    parentSpanId: parent?.spanId ?? "",
    ...fields,
  };
}

function toFields(name: string): SpanFields {
  const endpoint = /^([A-Z]+) (\/.*)$/.exec(name);
  if (endpoint === null) return { name };
  const [, httpRequestMethod = "", httpRoute = ""] = endpoint;
  return { name, kind: spanKind.server, httpRequestMethod, httpRoute };
}

function nthCall(call: SpanFields, i: number): SpanFields {
  return { paramsHash: String(9_000_000_000_000_000_000n + BigInt(i)), ...call };
}
