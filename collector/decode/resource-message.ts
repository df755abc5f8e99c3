import { type KeyValueReader, toAnyValueJson, valueType } from "./any-value.ts";
import type { DecodeRequest } from "./decode-request.ts";
import { Hash64 } from "./hash64.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { PromotedValues, slot } from "./promoted-attributes.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";

/** As OpenTelemetry's SDKs call a service that has no name. */
export const unknownServiceName = "unknown_service";

/** An OTLP Resource and its id; reused for each. */
export class ResourceMessage {
  readonly attributes: Ranges = new Ranges();
  /** Its strings that the decoder knows by name. */
  readonly known: PromotedValues = new PromotedValues();
  /** Hash of the attributes, equal however they were encoded. */
  idLo = 0;
  idHi = 0;
  /** How often it was read: rows with the same number have the same resource. */
  readings = 0;
  /** Whether its attributes stand on a span of this request. */
  isStored = false;
  /** False: there are too many services, and this one is stored as one of the rest. */
  isServiceKnown = true;
  readonly #request: DecodeRequest;
  readonly #keys: KeyDictionary;
  readonly #keyValue: KeyValueReader;
  readonly #hash = new Hash64();
  readonly #stored = new Set<string>();

  constructor(request: DecodeRequest, keys: KeyDictionary, keyValue: KeyValueReader) {
    this.#request = request;
    this.#keys = keys;
    this.#keyValue = keyValue;
  }

  startRequest(): void {
    this.#stored.clear();
  }

  /** Reads the message between the reader's cursor and `end`; where both are equal, a resource without attributes. */
  read(reader: ProtobufReader, end: number): void {
    this.readings++;
    readAttributes(reader, end, this.attributes, this.#request.limits.attributesMax);
    this.known.reset();
    this.#keys.startScope();
    this.#hash.start();
    for (let i = 0; i < this.attributes.count; i++) this.#readAttribute(i);
    this.#hash.finish();
    this.idLo = this.#hash.lo;
    this.idHi = this.#hash.hi;
    this.isStored = this.#stored.has(this.#idText());
    this.#startService();
  }

  /** As it is stored, but for what is no UTF-8. */
  serviceName(): string {
    const { start, end } = this.known;
    if (!this.known.has(slot.serviceName)) return unknownServiceName;
    return this.#request.body.toString("utf8", start[slot.serviceName], end[slot.serviceName]);
  }

  markStored(): void {
    this.isStored = true;
    this.#stored.add(this.#idText());
  }

  #startService(): void {
    const { names, body, losses } = this.#request;
    const start = this.known.start[slot.serviceName]!;
    const end = start === -1 ? start : this.known.end[slot.serviceName]!;
    this.isServiceKnown = names.startService(body, start, end);
    if (!this.isServiceKnown) losses.overflowedServices++;
  }

  #readAttribute(i: number): void {
    const value = this.#keyValue;
    const { body, limits } = this.#request;
    value.readKeyValue(this.attributes.starts[i]!, this.attributes.ends[i]!);
    this.#hash.addBytes(body, value.keyStart, value.keyEnd).addNumber(value.type);
    if (value.type === valueType.string) {
      this.#hash.addBytes(body, value.valueStart, value.valueEnd);
      this.#note();
    } else {
      const json = Buffer.from(toAnyValueJson(value, limits.anyValueDepthMax));
      this.#hash.addBytes(json, 0, json.length);
    }
  }

  #note(): void {
    const { keyStart, keyEnd, valueStart, valueEnd } = this.#keyValue;
    const key = this.#keys.intern(this.#request.body, keyStart, keyEnd);
    const isKnown = key !== -1 && key < this.known.start.length;
    if (isKnown && this.#keys.claim(key)) this.known.setRange(key, valueStart, valueEnd);
  }

  #idText(): string {
    return `${this.idHi}:${this.idLo}`;
  }
}

/** An OTLP InstrumentationScope; reused for each. */
export class ScopeMessage {
  readonly attributes: Ranges = new Ranges();
  /** As `ResourceMessage.readings`. */
  readings = 0;
  nameStart = 0;
  nameEnd = 0;
  versionStart = 0;
  versionEnd = 0;

  /** As `ResourceMessage.read`. */
  read(reader: ProtobufReader, end: number, attributesMax: number): void {
    this.readings++;
    this.nameStart = this.nameEnd = 0;
    this.versionStart = this.versionEnd = 0;
    this.attributes.reset(attributesMax);
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if ((tag & 7) !== 2) {
        reader.skip(tag, end);
        continue;
      }
      const stop = reader.readEnd(end);
      this.#take(tag >>> 3, reader.at, stop);
      reader.at = stop;
    }
  }

  #take(field: number, start: number, end: number): void {
    if (field === 1) {
      this.nameStart = start;
      this.nameEnd = end;
    } else if (field === 2) {
      this.versionStart = start;
      this.versionEnd = end;
    } else if (field === 3) {
      this.attributes.add(start, end);
    }
  }
}

/** Notes the attributes of a Resource, whose first field they are. */
function readAttributes(reader: ProtobufReader, end: number, into: Ranges, max: number): void {
  into.reset(max);
  while (reader.at < end) {
    const tag = reader.readTag(end);
    if (tag === 0x0a) reader.at = into.addMessage(reader, end);
    else reader.skip(tag, end);
  }
}
