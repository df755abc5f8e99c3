import { randomBytes } from "node:crypto";

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly hasError?: boolean;
  readonly traceState?: string;
}

/** `count` traces of one span each, now: for tests that count spans. */
export function createSpans(count: number, startMs = Date.now()): OtlpSpan[] {
  return Array.from({ length: count }, () => ({
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "GET /orders",
    kind: 2,
    startMs,
    durationMs: 5,
    attributes: { "http.request.method": "GET", "http.route": "/orders" },
  }));
}

/** An OTLP ExportTraceServiceRequest as JSON. `resource`: attributes beside the service's name. */
export function toOtlpJson(
  spans: readonly OtlpSpan[],
  service = "shop",
  resource: Readonly<Record<string, string>> = {},
): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: {
          attributes: Object.entries({ "service.name": service, ...resource }).map(toKeyValue),
        },
        scopeSpans: [{ scope: { name: "test" }, spans: spans.map(toJsonSpan) }],
      },
    ],
  });
}

function toJsonSpan({ startMs, durationMs, attributes = {}, hasError, ...span }: OtlpSpan) {
  return {
    ...span,
    ...(hasError && { status: { code: 2 } }),
    startTimeUnixNano: toUnixNano(startMs),
    endTimeUnixNano: toUnixNano(startMs + durationMs),
    attributes: Object.entries(attributes).map(toKeyValue),
  };
}

function toUnixNano(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}

function toKeyValue([key, value]: readonly [string, string | number]) {
  if (typeof value === "string") return { key, value: { stringValue: value } };
  return {
    key,
    value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value },
  };
}
