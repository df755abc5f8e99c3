import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_SYSTEM_NAME,
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_PEER_SERVICE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVICE_NAME,
  ATTR_URL_PATH,
} from "@opentelemetry/semantic-conventions/incubating";
import { DecodeError } from "./decode-error.ts";
import {
  type JsonObject,
  parseJson,
  toInteger,
  toObject,
  toObjects,
  toText,
  uint32,
  uint53,
} from "./json-values.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/**
 * Rewrites a list of Zipkin v2 spans (`POST /api/v2/spans`) to an OTLP request in protobuf, so that the decoder has one
 * input. Tags get the names of the semantic conventions that the decoder reads, endpoints become a resource and
 * attributes of the network, annotations become events, and the tag `error` a status.
 *
 * In Zipkin, the two sides of a call may share one span id (`shared`). The server's side gets an id of its own, below the
 * client's, and its children in the same request follow it; those that come in another stay below the client's side.
 *
 * Throws DecodeError INVALID_JSON.
 */
export function zipkinToProtobuf(body: Uint8Array): Uint8Array {
  const spans = toObjects(parseJson(body), "spans");
  const out = new ProtobufWriter();
  const shared = new Set(spans.filter(isShared).map(({ traceId, id }) => `${traceId} ${id}`));
  for (const [service, ofService] of Map.groupBy(spans, serviceOf)) {
    const resourceSpans = out.beginMessage(1);
    if (service !== "") {
      const resource = out.beginMessage(1);
      writeAttribute(out, 1, ATTR_SERVICE_NAME, service);
      out.endMessage(resource);
    }
    const scopeSpans = out.beginMessage(2);
    for (const span of ofService) writeSpan(out, span, shared);
    out.endMessage(scopeSpans);
    out.endMessage(resourceSpans);
  }
  return out.toBytes();
}

function isShared({ shared }: JsonObject): boolean {
  return shared === true;
}

function serviceOf(span: JsonObject): string {
  const endpoint = toObject(span.localEndpoint, "localEndpoint");
  return toText(endpoint?.serviceName, "serviceName") ?? "";
}

/** OTLP's SpanKind; a span without a kind is internal. */
const kinds: Readonly<Record<string, bigint>> = {
  SERVER: 2n,
  CLIENT: 3n,
  PRODUCER: 4n,
  CONSUMER: 5n,
};

function writeSpan(out: ProtobufWriter, span: JsonObject, shared: ReadonlySet<string>): void {
  const start = out.beginMessage(2);
  out.writeBytes(1, toId(span.traceId, "traceId", 32));
  const id = toId(span.id, "id", 16);
  out.writeBytes(2, isShared(span) ? toServerSide(id) : id);
  if (isShared(span)) {
    out.writeBytes(4, id);
  } else if (toText(span.parentId, "parentId")) {
    const parent = toId(span.parentId, "parentId", 16);
    const isBelowShared = shared.has(`${span.traceId} ${span.parentId}`);
    out.writeBytes(4, isBelowShared ? toServerSide(parent) : parent);
  }
  out.writeText(5, toText(span.name, "name") ?? "");
  const kind = toText(span.kind, "kind")?.toUpperCase() ?? "";
  out.writeVarint(6, Object.hasOwn(kinds, kind) ? kinds[kind]! : 1n);
  const startUs = toInteger(span.timestamp, "timestamp", uint53) ?? 0n;
  out.writeFixed64(7, startUs * 1000n);
  out.writeFixed64(8, (startUs + (toInteger(span.duration, "duration", uint53) ?? 0n)) * 1000n);
  writeEndpoints(out, span, kind);
  writeTags(out, toObject(span.tags, "tags") ?? {});
  for (const annotation of toObjects(span.annotations, "annotations")) {
    writeAnnotation(out, annotation);
  }
  out.endMessage(start);
}

/** The span id of a shared span's server side: its highest bit is turned. */
function toServerSide(id: Uint8Array): Uint8Array {
  const own = Uint8Array.from(id);
  own[0] = (own[0] ?? 0) ^ 0x80;
  return own;
}

/** Zipkin leaves out zeros on the left. What is no hex becomes one byte: an id that no span may have. */
function toId(value: unknown, field: string, digits: number): Uint8Array {
  const text = toText(value, field) ?? "";
  const isHex = /^[0-9a-f]+$/i.test(text) && text.length <= digits;
  return isHex ? Buffer.from(text.padStart(digits, "0"), "hex") : new Uint8Array(1);
}

function writeEndpoints(out: ProtobufWriter, span: JsonObject, kind: string): void {
  const local = toObject(span.localEndpoint, "localEndpoint") ?? {};
  writeEndpoint(out, local, ATTR_NETWORK_LOCAL_ADDRESS, ATTR_NETWORK_LOCAL_PORT);
  const remote = toObject(span.remoteEndpoint, "remoteEndpoint") ?? {};
  writeEndpoint(out, remote, ATTR_NETWORK_PEER_ADDRESS, ATTR_NETWORK_PEER_PORT);
  const peer = toText(remote.serviceName, "serviceName");
  // Who called a server is not whom it calls.
  if (peer && kind !== "SERVER") writeAttribute(out, 9, ATTR_PEER_SERVICE, peer);
}

function writeEndpoint(
  out: ProtobufWriter,
  endpoint: JsonObject,
  addressKey: string,
  portKey: string,
): void {
  const address = toText(endpoint.ipv4, "ipv4") ?? toText(endpoint.ipv6, "ipv6");
  if (address) writeAttribute(out, 9, addressKey, address);
  const port = toInteger(endpoint.port, "port", uint32);
  if (port) writeAttribute(out, 9, portKey, port);
}

/** Tags of Zipkin's own libraries; those with names of OpenTelemetry's, current or older, are known to the decoder. */
const attributeByTag: Readonly<Record<string, string>> = {
  "http.path": ATTR_URL_PATH,
  "http.host": ATTR_SERVER_ADDRESS,
  "sql.query": ATTR_DB_QUERY_TEXT,
  "cassandra.query": ATTR_DB_QUERY_TEXT,
  "cassandra.keyspace": ATTR_DB_NAMESPACE,
};

/** What a tag says of the database, when no other tag names it. */
const systemByTag: Readonly<Record<string, string>> = {
  "sql.query": "other_sql",
  "cassandra.query": "cassandra",
};

/** Every tag is text; these are numbers to the decoder. */
const isInteger =
  /^(?:http\.(?:response\.)?status_code|code\.(?:lineno|line\.number)|.*\.returned_rows)$/;

function writeTags(out: ProtobufWriter, tags: JsonObject): void {
  const hasSystem = Object.hasOwn(tags, "db.system") || Object.hasOwn(tags, ATTR_DB_SYSTEM_NAME);
  for (const [tag, value] of Object.entries(tags)) {
    if (Object.hasOwn(statusTags, tag)) continue;
    writeTag(out, tag, toTagText(value));
    if (!hasSystem && Object.hasOwn(systemByTag, tag)) {
      writeAttribute(out, 9, ATTR_DB_SYSTEM_NAME, systemByTag[tag]!);
    }
  }
  const traceState = toTagText(tags["w3c.tracestate"] ?? "");
  if (traceState !== "") out.writeText(3, traceState);
  writeStatus(out, tags);
}

function writeTag(out: ProtobufWriter, tag: string, text: string): void {
  const key = Object.hasOwn(attributeByTag, tag) ? attributeByTag[tag]! : tag;
  const isNumber = isInteger.test(tag) && /^\d{1,9}$/.test(text);
  writeAttribute(out, 9, key, isNumber ? BigInt(text) : withoutPort(key, text));
}

function toTagText(value: unknown): string {
  if (typeof value === "object") throw new DecodeError("INVALID_JSON", '"tags" are not text');
  return String(value);
}

/** The tag `http.host` is the header of that name. */
function withoutPort(key: string, text: string): string {
  return key === ATTR_SERVER_ADDRESS ? text.replace(/:\d+$/, "") : text;
}

/** `otel.…` is what OpenTelemetry's exporters to Zipkin write for what Zipkin has no field for. */
const statusTags = {
  error: true,
  "otel.status_code": true,
  "otel.status_description": true,
  "w3c.tracestate": true,
};

const ok = 1n;
const error = 2n;

function writeStatus(out: ProtobufWriter, tags: JsonObject): void {
  const code = toTagText(tags["otel.status_code"] ?? "").toUpperCase();
  const errorText = toTagText(tags.error ?? "false");
  const isError = code === "ERROR" || (code === "" && errorText !== "false");
  if (!isError && code !== "OK") return;
  const status = out.beginMessage(15);
  const text = /^(?:true|false)?$/.test(errorText) ? "" : errorText;
  const message = toTagText(tags["otel.status_description"] ?? text);
  if (isError && message !== "") out.writeText(2, message);
  out.writeVarint(3, isError ? error : ok);
  out.endMessage(status);
}

function writeAnnotation(out: ProtobufWriter, annotation: JsonObject): void {
  const event = out.beginMessage(11);
  out.writeFixed64(1, (toInteger(annotation.timestamp, "timestamp", uint53) ?? 0n) * 1000n);
  out.writeText(2, toText(annotation.value, "value") ?? "");
  out.endMessage(event);
}

function writeAttribute(
  out: ProtobufWriter,
  field: number,
  key: string,
  value: string | bigint,
): void {
  const attribute = out.beginMessage(field);
  out.writeText(1, key);
  const anyValue = out.beginMessage(2);
  if (typeof value === "string") out.writeText(1, value);
  else out.writeVarint(3, value);
  out.endMessage(anyValue);
  out.endMessage(attribute);
}
