import { DecodeError } from "./decode-error.ts";
import {
  int64,
  type JsonObject,
  parseJson,
  toBase64Bytes,
  toBoolean,
  toDouble,
  toEnum,
  toId,
  toInteger,
  toObject,
  toObjects,
  toText,
  uint32,
  uint64,
} from "./json-values.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/**
 * Rewrites an ExportTraceServiceRequest from OTLP's JSON encoding to protobuf, so that the decoder has one input and
 * both encodings one meaning. Fields are known by their lowerCamelCase name alone; others are ignored. Spans with wrong
 * ids are passed on, for the decoder to count.
 *
 * Throws DecodeError INVALID_JSON or NESTING_TOO_DEEP.
 */
export function toProtobuf(body: Uint8Array, anyValueDepthMax: number): Uint8Array {
  const request = toObject(parseJson(body), "request") ?? {};
  const rewriter = new Rewriter(anyValueDepthMax);
  rewriter.writeRequest(request);
  return rewriter.out.toBytes();
}

class Rewriter {
  readonly out = new ProtobufWriter();
  readonly #depthMax: number;

  constructor(depthMax: number) {
    this.#depthMax = depthMax;
  }

  writeRequest(request: JsonObject): void {
    for (const resourceSpans of toObjects(request.resourceSpans, "resourceSpans")) {
      const start = this.out.beginMessage(1);
      this.#writeResourceSpans(resourceSpans);
      this.out.endMessage(start);
    }
  }

  #writeResourceSpans(resourceSpans: JsonObject): void {
    const resource = toObject(resourceSpans.resource, "resource");
    if (resource !== null) {
      const start = this.out.beginMessage(1);
      this.#writeAttributes(1, resource);
      this.out.endMessage(start);
    }
    for (const scopeSpans of toObjects(resourceSpans.scopeSpans, "scopeSpans")) {
      const start = this.out.beginMessage(2);
      this.#writeScopeSpans(scopeSpans);
      this.out.endMessage(start);
    }
  }

  #writeScopeSpans(scopeSpans: JsonObject): void {
    const scope = toObject(scopeSpans.scope, "scope");
    if (scope !== null) {
      const start = this.out.beginMessage(1);
      this.#writeText(1, scope, "name");
      this.#writeText(2, scope, "version");
      this.#writeAttributes(3, scope);
      this.out.endMessage(start);
    }
    for (const span of toObjects(scopeSpans.spans, "spans")) {
      const start = this.out.beginMessage(2);
      this.#writeSpan(span);
      this.out.endMessage(start);
    }
  }

  #writeSpan(span: JsonObject): void {
    this.#writeId(1, span, "traceId");
    this.#writeId(2, span, "spanId");
    this.#writeText(3, span, "traceState");
    this.#writeId(4, span, "parentSpanId");
    this.#writeText(5, span, "name");
    this.#writeEnum(6, span, "kind");
    this.#writeTime(7, span, "startTimeUnixNano");
    this.#writeTime(8, span, "endTimeUnixNano");
    this.#writeAttributes(9, span);
    this.#writeCount(10, span, "droppedAttributesCount");
    for (const event of toObjects(span.events, "events")) this.#writeEvent(event);
    this.#writeCount(12, span, "droppedEventsCount");
    for (const link of toObjects(span.links, "links")) this.#writeLink(link);
    this.#writeCount(14, span, "droppedLinksCount");
    const status = toObject(span.status, "status");
    if (status !== null) {
      const start = this.out.beginMessage(15);
      this.#writeText(2, status, "message");
      this.#writeEnum(3, status, "code");
      this.out.endMessage(start);
    }
    const flags = toInteger(span.flags, "flags", uint32);
    if (flags !== null) this.out.writeFixed32(16, flags);
  }

  #writeEvent(event: JsonObject): void {
    const start = this.out.beginMessage(11);
    this.#writeTime(1, event, "timeUnixNano");
    this.#writeText(2, event, "name");
    this.#writeAttributes(3, event);
    this.out.endMessage(start);
  }

  #writeLink(link: JsonObject): void {
    const start = this.out.beginMessage(13);
    this.#writeId(1, link, "traceId");
    this.#writeId(2, link, "spanId");
    this.#writeText(3, link, "traceState");
    this.#writeAttributes(4, link);
    this.out.endMessage(start);
  }

  #writeAttributes(field: number, owner: JsonObject): void {
    for (const attribute of toObjects(owner.attributes, "attributes")) {
      this.#writeKeyValue(field, attribute, this.#depthMax);
    }
  }

  #writeKeyValue(field: number, attribute: JsonObject, depth: number): void {
    const start = this.out.beginMessage(field);
    this.#writeText(1, attribute, "key");
    const value = toObject(attribute.value, "value");
    if (value !== null) this.#writeAnyValue(2, value, depth);
    this.out.endMessage(start);
  }

  #writeAnyValue(field: number, value: JsonObject, depth: number): void {
    const start = this.out.beginMessage(field);
    const list = toObject(value.arrayValue, "arrayValue");
    const keyValueList = toObject(value.kvlistValue, "kvlistValue");
    if (list !== null) this.#writeList(5, list, depth);
    else if (keyValueList !== null) this.#writeList(6, keyValueList, depth);
    else this.#writeScalar(value);
    this.out.endMessage(start);
  }

  #writeList(field: number, list: JsonObject, depth: number): void {
    if (depth === 0) throw new DecodeError("NESTING_TOO_DEEP", "an attribute has too many levels");
    const start = this.out.beginMessage(field);
    for (const item of toObjects(list.values, "values")) {
      if (field === 5) this.#writeAnyValue(1, item, depth - 1);
      else this.#writeKeyValue(1, item, depth - 1);
    }
    this.out.endMessage(start);
  }

  #writeScalar(value: JsonObject): void {
    const text = toText(value.stringValue, "stringValue");
    const boolean = toBoolean(value.boolValue, "boolValue");
    const integer = toInteger(value.intValue, "intValue", int64);
    const double = toDouble(value.doubleValue, "doubleValue");
    const bytes = toBase64Bytes(value.bytesValue, "bytesValue");
    if (text !== null) this.out.writeText(1, text);
    else if (boolean !== null) this.out.writeVarint(2, boolean ? 1n : 0n);
    else if (integer !== null) this.out.writeVarint(3, integer);
    else if (double !== null) this.out.writeDouble(4, double);
    else if (bytes !== null) this.out.writeBytes(7, bytes);
  }

  #writeText(field: number, owner: JsonObject, name: string): void {
    const text = toText(owner[name], name);
    if (text !== null && text !== "") this.out.writeText(field, text);
  }

  #writeId(field: number, owner: JsonObject, name: string): void {
    const id = toId(owner[name], name);
    if (id !== null) this.out.writeBytes(field, id);
  }

  #writeEnum(field: number, owner: JsonObject, name: string): void {
    const value = toEnum(owner[name], name);
    if (value !== null) this.out.writeVarint(field, value);
  }

  #writeCount(field: number, owner: JsonObject, name: string): void {
    const count = toInteger(owner[name], name, uint32);
    if (count !== null) this.out.writeVarint(field, count);
  }

  #writeTime(field: number, owner: JsonObject, name: string): void {
    const time = toInteger(owner[name], name, uint64);
    if (time !== null) this.out.writeFixed64(field, time);
  }
}
