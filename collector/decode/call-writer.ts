import type { AttributeWriter } from "./attribute-writer.ts";
import type { Column } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import { Hash64 } from "./hash64.ts";
import { overflowName } from "./known-names.ts";
import { hashUrl } from "./params-hash.ts";
import { type PromotedValues, slot } from "./promoted-attributes.ts";
import { type EncodedShape, QueryShapes } from "./query-shape.ts";
import { redactUrls } from "./redaction.ts";
import type { SpanBlock, SpanBlockColumns } from "./span-block.ts";
import { redactQuery, toUrlParts, toUrlTemplate, type UrlParts } from "./url-template.ts";

/** OTLP SpanKind. */
const client = 3;
const producer = 4;

const noUrl: UrlParts = { host: "", path: "", names: "", redacted: "" };

/** First of what a shape's hash is made of, so that kinds of call never meet. */
const shapeFamily = { query: 1, operation: 2, http: 3, messaging: 4, rpc: 5 } as const;

/**
 * Writes the columns that say what a span calls, and the shape of that call, from the span's known attributes. Of an
 * attribute's current and older name the current one counts.
 *
 *   database   system + normalised query text, or system + operation + collection
 *   HTTP       method + host + URL template with the names of the query, of client spans
 *   messaging  system + destination, of producer and client spans
 *   RPC        system + span name, of client spans
 */
export class CallWriter {
  readonly #request: DecodeRequest;
  readonly #columns: SpanBlockColumns;
  readonly #attributes: AttributeWriter;
  readonly #values: PromotedValues;
  readonly #shapes = new QueryShapes();
  readonly #hash = new Hash64();
  #kind = 0;
  #url = noUrl;
  #template = "";
  /** Slot of the server's address; the address is the URL's host where it is absent. */
  #address = 0;
  #hasShape = false;
  /** False: there are too many operations, and the span is one of the rest. */
  #isKnown = true;

  constructor(
    request: DecodeRequest,
    block: SpanBlock,
    attributes: AttributeWriter,
    values: PromotedValues,
  ) {
    this.#request = request;
    this.#columns = block.columns;
    this.#attributes = attributes;
    this.#values = values;
  }

  /**
   * Of the request that was just written, when its URL is all of its parameters, as 16 hex digits; "" when it is not, or
   * no request. A body is none that we know.
   */
  paramsHash(): string {
    const values = this.#values;
    if (this.#kind !== client || this.#url === noUrl) return "";
    const method = values.pick(slot.httpRequestMethod, slot.httpMethod);
    if (!values.has(method) || !/^(GET|HEAD)$/.test(this.#textOf(method))) return "";
    return hashUrl(this.#textOf(values.pick(slot.urlFull, slot.httpUrl)));
  }

  /** A row of name and each column of the call, and the attributes that these columns leave over. */
  write(kind: number, nameStart: number, nameEnd: number): void {
    this.#kind = kind;
    this.#hasShape = false;
    this.#hash.start();
    this.#checkOperation(nameStart, nameEnd);
    this.#writeName(this.#startName(), nameStart, nameEnd);
    this.#writeUrl();
    this.#writeAddress();
    this.#writeDatabase();
    this.#writeHttp();
    this.#writeMessaging();
    const rpcSystem = this.#values.pick(slot.rpcSystemName, slot.rpcSystem);
    if (!this.#hasShape && kind === client && this.#values.has(rpcSystem)) {
      this.#addToHash(shapeFamily.rpc, rpcSystem);
      this.#hash.addBytes(this.#request.body, nameStart, nameEnd);
      this.#hasShape = true;
    }
    this.#hash.finish();
    if (this.#hasShape) this.#columns.shape_id.addUint64(this.#hash.lo, this.#hash.hi);
    else this.#columns.shape_id.addUint64(0, 0);
  }

  #checkOperation(nameStart: number, nameEnd: number): void {
    const { names, body, losses } = this.#request;
    const { start, end } = this.#values;
    const route = slot.httpRoute;
    this.#isKnown = names.isKnown(body, nameStart, nameEnd, start[route]!, end[route]!);
    if (!this.#isKnown) losses.overflowedNames++;
  }

  /** Where the name goes: to its column, or to an attribute where there are too many. */
  #startName(): Column {
    const { name, attributes } = this.#columns;
    if (this.#isKnown) return name;
    name.addText(overflowName);
    attributes.addKey(slot.spanName);
    return attributes.values;
  }

  /** Some instrumentations name a span by its statement or its URL: what is hidden there is hidden here, too. */
  #writeName(name: Column, start: number, end: number): void {
    if (!this.#mayHide(start, end)) {
      this.#attributes.addUtf8(name, start, end);
      return;
    }
    const values = this.#values;
    const system = values.pick(slot.dbSystemName, slot.dbSystem);
    if (values.has(system) || values.has(values.pick(slot.dbQueryText, slot.dbStatement))) {
      const textOfSystem = values.has(system) ? this.#textOf(system) : "";
      addEncoded(name, this.#shapes.shapeOf(this.#request.body, start, end, textOfSystem).text);
    } else {
      name.addText(
        redactUrls(this.#request.body.toString("utf8", start, this.#request.cut(start, end))),
      );
    }
  }

  /** Whether a name has a character of those without which it holds neither a literal nor a URL's secret. */
  #mayHide(start: number, end: number): boolean {
    const { body } = this.#request;
    for (let i = start; i < end; i++) {
      const byte = body[i]!;
      // " # ' ( ; < = > ? @
      if (byte === 0x22 || byte === 0x23 || byte === 0x27 || byte === 0x28) return true;
      if (byte >= 0x3b && byte <= 0x40) return true;
    }
    return false;
  }

  /** No secret of a URL reaches a column or a map: not its user, nor the values of its query. */
  #writeUrl(): void {
    const values = this.#values;
    this.#url = noUrl;
    if (values.has(slot.httpUrl)) this.#url = this.#keepUrl(slot.httpUrl);
    if (values.has(slot.urlFull)) this.#url = this.#keepUrl(slot.urlFull);
    if (values.has(slot.urlQuery)) {
      this.#keep(slot.urlQuery, redactQuery(this.#textOf(slot.urlQuery)));
    }
    const path = values.pick(slot.urlPath, slot.httpTarget);
    if (values.has(path) && this.#isPlain(path)) {
      this.#addSlot(this.#columns.url_path, path);
    } else {
      const text = values.has(path) ? toUrlParts(this.#textOf(path)).path : this.#url.path;
      this.#columns.url_path.addText(text);
    }
  }

  #keepUrl(url: number): UrlParts {
    const parts = toUrlParts(this.#textOf(url));
    this.#keep(url, parts.redacted);
    return parts;
  }

  /** Whether a path has neither query nor parameters, and can be copied as it is. */
  #isPlain(path: number): boolean {
    const { body } = this.#request;
    for (let i = this.#values.start[path]!; i < this.#values.end[path]!; i++) {
      const byte = body[i]!;
      // ? ; # :
      if (byte === 0x3f || byte === 0x3b || byte === 0x23 || byte === 0x3a) return false;
    }
    return true;
  }

  /** `net.host.name` and `net.peer.name` mean different ends: the one that is not the server's stays an attribute. */
  #writeAddress(): void {
    const values = this.#values;
    const isCaller = this.#kind === client || this.#kind === producer;
    const near = isCaller ? slot.netPeerName : slot.netHostName;
    const far = isCaller ? slot.netHostName : slot.netPeerName;
    const older = values.pick(near, far);
    this.#address = values.pick(slot.serverAddress, older);
    this.#addAddress(this.#columns.server_address);
    if (values.has(near) && this.#address !== near) this.#keepSlot(near);
    if (values.has(far) && this.#address !== far) this.#keepSlot(far);
  }

  #addAddress(column: Column): void {
    if (this.#values.has(this.#address)) this.#addSlot(column, this.#address);
    else column.addText(this.#kind === client ? this.#url.host : "");
  }

  #writeDatabase(): void {
    const values = this.#values;
    const columns = this.#columns;
    const system = values.pick(slot.dbSystemName, slot.dbSystem);
    const query = values.pick(slot.dbQueryText, slot.dbStatement);
    const operation = values.pick(slot.dbOperationName, slot.dbOperation);
    const collection = values.pick(
      slot.dbCollectionName,
      values.pick(slot.dbSqlTable, slot.dbMongodbCollection),
    );
    const shape = values.has(query) ? this.#queryShape(query, system) : null;
    this.#addSlot(columns.db_system_name, system);
    this.#addSlot(columns.db_namespace, values.pick(slot.dbNamespace, slot.dbName));
    if (values.has(collection) || shape === null) {
      this.#addSlot(columns.db_collection_name, collection);
    } else {
      addEncoded(columns.db_collection_name, shape.collection);
    }
    this.#writeSummary(shape, operation, collection);
    if (shape === null) columns.db_query_text.addVarint(0);
    else addEncoded(columns.db_query_text, shape.text);
    this.#hashDatabase(shape, system, operation, collection);
  }

  #queryShape(query: number, system: number): EncodedShape {
    const { start, end } = this.#values;
    const name = this.#values.has(system) ? this.#textOf(system) : "";
    return this.#shapes.shapeOf(this.#request.body, start[query]!, end[query]!, name);
  }

  #writeSummary(shape: EncodedShape | null, operation: number, collection: number): void {
    const values = this.#values;
    const column = this.#columns.db_query_summary;
    if (values.has(slot.dbQuerySummary)) this.#addSlot(column, slot.dbQuerySummary);
    else if (shape !== null && shape.summary.length > 0) addEncoded(column, shape.summary);
    else if (!values.has(operation)) column.addVarint(0);
    else if (!values.has(collection)) this.#addSlot(column, operation);
    else column.addText(`${this.#textOf(operation)} ${this.#textOf(collection)}`);
  }

  /** A text that couldn't be read has no shape: unlike statements would be taken for one. */
  #hashDatabase(
    shape: EncodedShape | null,
    system: number,
    operation: number,
    collection: number,
  ): void {
    if (shape !== null && !shape.isKnown) return;
    if (shape === null && !this.#values.has(operation)) return;
    this.#addToHash(shape === null ? shapeFamily.operation : shapeFamily.query, system);
    if (shape !== null) this.#hash.addNumber(shape.lo).addNumber(shape.hi);
    // A document doesn't say what is done with it.
    if (shape === null || shape.summary.length === 0) {
      this.#addSlotToHash(operation);
      this.#addSlotToHash(collection);
    }
    this.#hasShape = true;
  }

  #writeHttp(): void {
    const values = this.#values;
    const columns = this.#columns;
    const method = values.pick(slot.httpRequestMethod, slot.httpMethod);
    const status = values.pick(slot.httpResponseStatusCode, slot.httpStatusCode);
    this.#addSlot(columns.http_request_method, method);
    this.#writeRoute();
    columns.http_response_status_code.addUint16(values.has(status) ? values.lo[status]! : 0);
    this.#template = this.#toTemplate(method);
    columns.url_template.addText(this.#template);
    if (this.#hasShape || this.#template === "") return;
    this.#addToHash(shapeFamily.http, method);
    const host = values.has(this.#address) ? this.#textOf(this.#address) : this.#url.host;
    this.#hash.addText(host).addText(this.#template);
    this.#hasShape = true;
  }

  #writeRoute(): void {
    const { http_route: column } = this.#columns;
    if (this.#isKnown || !this.#values.has(slot.httpRoute)) {
      this.#addSlot(column, slot.httpRoute);
      return;
    }
    column.addVarint(0);
    this.#keepSlot(slot.httpRoute);
  }

  /** "" unless the span is an HTTP client's. */
  #toTemplate(method: number): string {
    const values = this.#values;
    if (this.#kind !== client) return "";
    if (values.has(slot.urlTemplate)) return this.#textOf(slot.urlTemplate);
    const path = values.pick(slot.urlPath, slot.httpTarget);
    const { names } = this.#url;
    if (values.has(path)) return toUrlTemplate(toUrlParts(this.#textOf(path)).path) + names;
    if (this.#url === noUrl && !values.has(method)) return "";
    return toUrlTemplate(this.#url.path || "/") + names;
  }

  #writeMessaging(): void {
    const values = this.#values;
    const columns = this.#columns;
    const isCaller = this.#kind === client || this.#kind === producer;
    const destination = values.pick(slot.messagingDestinationName, slot.messagingDestination);
    this.#addSlot(columns.messaging_destination_name, destination);
    const peer = values.pick(slot.serverServiceName, slot.peerService);
    if (values.has(peer)) this.#addSlot(columns.peer, peer);
    else if (values.has(destination)) this.#addSlot(columns.peer, destination);
    else if (isCaller) this.#addAddress(columns.peer);
    else columns.peer.addVarint(0);
    if (this.#hasShape || !isCaller || !values.has(destination)) return;
    const system = values.pick(slot.messagingSystemName, slot.messagingSystem);
    this.#addToHash(shapeFamily.messaging, system);
    this.#addSlotToHash(destination);
    this.#hasShape = true;
  }

  #addSlot(column: Column, index: number): void {
    const { start, end } = this.#values;
    if (start[index] === -1) column.addVarint(0);
    else this.#attributes.addUtf8(column, start[index]!, end[index]!);
  }

  #keepSlot(index: number): void {
    const { attributes } = this.#columns;
    attributes.addKey(index);
    this.#addSlot(attributes.values, index);
  }

  #keep(index: number, text: string): void {
    const { attributes } = this.#columns;
    attributes.addKey(index);
    attributes.values.addText(text);
  }

  #textOf(index: number): string {
    const start = this.#values.start[index]!;
    const end = this.#request.cut(start, this.#values.end[index]!);
    return this.#request.body.toString("utf8", start, end);
  }

  #addToHash(family: number, index: number): void {
    this.#hash.addNumber(family);
    this.#addSlotToHash(index);
  }

  #addSlotToHash(index: number): void {
    const { start, end } = this.#values;
    if (start[index] === -1) this.#hash.addNumber(0);
    else this.#hash.addBytes(this.#request.body, start[index]!, end[index]!);
  }
}

function addEncoded(column: Column, bytes: Uint8Array): void {
  column.addVarint(bytes.length);
  column.addBytes(bytes, 0, bytes.length);
}
