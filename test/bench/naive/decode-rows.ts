import protobuf from "protobufjs";

/** What is read of opentelemetry/proto/collector/trace/v1, by field number; what is not named is skipped. */
const messages = `
  syntax = "proto3";
  message Request { repeated ResourceSpans resourceSpans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Scope { string name = 1; string version = 2; }
  message Span {
    bytes traceId = 1; bytes spanId = 2; string traceState = 3; bytes parentSpanId = 4; string name = 5;
    int32 kind = 6; fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13; Status status = 15;
  }
  message Event { fixed64 timeUnixNano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Link { bytes traceId = 1; bytes spanId = 2; string traceState = 3; repeated KeyValue attributes = 4; }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value {
      string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4;
      ArrayValue arrayValue = 5; KeyValueList kvlistValue = 6; bytes bytesValue = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }`;

const requestType = protobuf.parse(messages).root.lookupType("Request");

interface Long {
  readonly low: number;
  readonly high: number;
}

interface KeyValue {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>> & { readonly value?: string };
}

interface Span {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: Long;
  readonly endTimeUnixNano: Long;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly { timeUnixNano: Long; name: string; attributes: KeyValue[] }[];
  readonly links: readonly {
    traceId: Buffer;
    spanId: Buffer;
    traceState: string;
    attributes: KeyValue[];
  }[];
  readonly status?: { readonly message: string; readonly code: number };
}

interface Request {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope?: { readonly name: string; readonly version: string };
      readonly spans: readonly Span[];
    }[];
  }[];
}

const kinds = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];
const codes = ["Unset", "Ok", "Error"];

/** A body as lines of JSON, a row each: protobufjs makes objects, these become rows, and those text. */
export function decodeRows(body: Uint8Array): { block: Buffer; spans: number } {
  const request = requestType.decode(body) as unknown as Request;
  const lines: string[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const ResourceAttributes = toMap(resource?.attributes ?? []);
    const ServiceName = ResourceAttributes["service.name"] ?? "";
    for (const { scope, spans } of scopeSpans) {
      for (const span of spans) {
        lines.push(
          JSON.stringify({ ...toRow(span), ...toScope(scope), ServiceName, ResourceAttributes }),
        );
      }
    }
  }
  return { block: Buffer.from(`${lines.join("\n")}\n`), spans: lines.length };
}

function toScope(scope: { readonly name: string; readonly version: string } | undefined) {
  return { ScopeName: scope?.name ?? "", ScopeVersion: scope?.version ?? "" };
}

function toRow(span: Span) {
  const start = toBigInt(span.startTimeUnixNano);
  return {
    Timestamp: toText(start),
    TraceId: span.traceId.toString("hex"),
    SpanId: span.spanId.toString("hex"),
    ParentSpanId: Buffer.from(span.parentSpanId).toString("hex"),
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: kinds[span.kind],
    SpanAttributes: toMap(span.attributes),
    Duration: Number(toBigInt(span.endTimeUnixNano) - start),
    StatusCode: codes[span.status?.code ?? 0],
    StatusMessage: span.status?.message ?? "",
    "Events.Timestamp": span.events.map(({ timeUnixNano }) => toText(toBigInt(timeUnixNano))),
    "Events.Name": span.events.map(({ name }) => name),
    "Events.Attributes": span.events.map(({ attributes }) => toMap(attributes)),
    "Links.TraceId": span.links.map(({ traceId }) => traceId.toString("hex")),
    "Links.SpanId": span.links.map(({ spanId }) => spanId.toString("hex")),
    "Links.TraceState": span.links.map(({ traceState }) => traceState),
    "Links.Attributes": span.links.map(({ attributes }) => toMap(attributes)),
  };
}

function toMap(attributes: readonly KeyValue[]): Record<string, string> {
  const map: Record<string, string> = {};
  for (const { key, value } of attributes) map[key] = toAttributeText(value);
  return map;
}

/** `value` is protobufjs' name of the field that is set. */
function toAttributeText(value: KeyValue["value"]): string {
  const held = value?.value === undefined ? "" : value[value.value];
  return typeof held === "object" ? JSON.stringify(held) : String(held);
}

function toBigInt({ low, high }: Long): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** "2026-11-20 06:00:00.123456789" */
function toText(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString();
  return `${seconds.slice(0, 10)} ${seconds.slice(11, 19)}.${String(ns % 1_000_000_000n).padStart(9, "0")}`;
}
