import { randomBytes } from "node:crypto";
import type {
  OtlpAttribute,
  OtlpRequest,
  OtlpSpan,
} from "../../collector/decode/testing/otlp-model.ts";

export const protobuf = { "content-type": "application/x-protobuf" };
export const json = { "content-type": "application/json" };

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

export async function send(
  url: string,
  body: string | Uint8Array | null,
  headers: Readonly<Record<string, string>>,
  method = "POST",
): Promise<HttpAnswer> {
  const bytes = body === null ? null : new Uint8Array(Buffer.from(body));
  const response = await fetch(url, { method, headers, body: bytes });
  const { status, headers: answered } = response;
  return { status, headers: answered, bytes: Buffer.from(await response.arrayBuffer()) };
}

export const newTraceId = () => randomBytes(16).toString("hex");
export const newSpanId = () => randomBytes(8).toString("hex");

/** A span of a server, now. */
export function newSpan(different: Partial<OtlpSpan> = {}): OtlpSpan {
  const now = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId: newTraceId(),
    spanId: newSpanId(),
    name: "GET /orders",
    kind: 2,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 5_000_000n),
    ...different,
  };
}

export function toRequest(
  spans: readonly OtlpSpan[],
  resource: readonly OtlpAttribute[] = [{ key: "service.name", value: { stringValue: "shop" } }],
): OtlpRequest {
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }] };
}
