import type { AttributeWriter } from "./attribute-writer.ts";
import type { StringColumn } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import { Hash64 } from "./hash64.ts";
import { NameWriter } from "./name-writer.ts";
import { hashUrl } from "./params-hash.ts";
import { type PromotedValues, slot } from "./promoted-attributes.ts";
import { type EncodedShape, QueryShapes } from "./query-shape.ts";
import { SlotWriter } from "./slot-writer.ts";
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
  readonly #values: PromotedValues;
  readonly #slots: SlotWriter;
  readonly #name: NameWriter;
  readonly #shapes = new QueryShapes();
  readonly #hash = new Hash64();
  #kind = 0;
  #url = noUrl;
  #urlText = "";
  #template = "";
  /** Slot of the server's address; the address is the URL's host where it is absent. */
  #address = 0;
  #hasShape = false;

  constructor(
    request: DecodeRequest,
    block: SpanBlock,
    attributes: AttributeWriter,
    values: PromotedValues,
  ) {
    this.#request = request;
    this.#columns = block.columns;
    this.#values = values;
    const slots = new SlotWriter(request, block.columns, attributes, values);
    const shapes = this.#shapes;
    this.#slots = slots;
    this.#name = new NameWriter(request, block.columns, attributes, { values, slots, shapes });
  }

  /**
   * Of the request that was just written, when its URL is all of its parameters, as 16 hex digits; "" when it is not, or
   * no request. A body is none that we know.
   */
  paramsHash(): string {
    const values = this.#values;
    if (this.#kind !== client || this.#url === noUrl) return "";
    const method = values.pick(slot.httpRequestMethod, slot.httpMethod);
    if (!values.has(method) || !/^(GET|HEAD)$/.test(this.#slots.nameOf(method))) return "";
    return hashUrl(this.#urlText);
  }

  /** A row of name and each column of the call, and the attributes that these columns leave over. */
  write(kind: number, nameStart: number, nameEnd: number): void {
    this.#kind = kind;
    this.#hasShape = false;
    this.#hash.start();
    this.#name.write(nameStart, nameEnd);
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

  /** No secret of a URL reaches a column or a map: not its user, nor the values of its query. */
  #writeUrl(): void {
    const values = this.#values;
    this.#url = noUrl;
    if (values.has(slot.urlFull)) this.#url = this.#keepUrl(slot.urlFull);
    if (values.has(slot.urlQuery)) {
      this.#slots.keepAs(slot.urlQuery, redactQuery(this.#slots.textOf(slot.urlQuery)));
    }
    const path = values.pick(slot.urlPath, slot.httpTarget);
    if (values.has(path) && this.#isPlain(path)) {
      this.#slots.add(this.#columns.url_path, path);
    } else {
      const text = values.has(path) ? toUrlParts(this.#slots.textOf(path)).path : this.#url.path;
      this.#columns.url_path.addText(text);
    }
  }

  #keepUrl(url: number): UrlParts {
    this.#urlText = this.#slots.textOf(url);
    const parts = toUrlParts(this.#urlText);
    this.#slots.keepAs(url, parts.redacted);
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
    if (values.has(near) && this.#address !== near) this.#slots.keep(near);
    if (values.has(far) && this.#address !== far) this.#slots.keep(far);
  }

  #addAddress(column: StringColumn): void {
    if (this.#values.has(this.#address)) this.#slots.addPlace(column, this.#address);
    else column.addText(this.#kind === client ? this.#url.host : "");
  }

  #writeDatabase(): void {
    const values = this.#values;
    const columns = this.#columns;
    const system = values.pick(slot.dbSystemName, slot.dbSystem);
    const query = values.pick(slot.dbQueryText, slot.dbStatement);
    const operation = slot.dbOperationName;
    const collection = values.pick(
      slot.dbCollectionName,
      values.pick(slot.dbSqlTable, slot.dbMongodbCollection),
    );
    const shape = values.has(query) ? this.#queryShape(query, system) : null;
    this.#slots.add(columns.db_system_name, system);
    this.#slots.add(columns.db_namespace, values.pick(slot.dbNamespace, slot.dbName));
    if (values.has(collection) || shape === null) {
      this.#slots.add(columns.db_collection_name, collection);
    } else {
      columns.db_collection_name.addEncoded(shape.collection);
    }
    this.#writeSummary(shape, operation, collection);
    if (shape === null) columns.db_query_text.addEmpty();
    else columns.db_query_text.addEncoded(shape.text);
    this.#hashDatabase(shape, system, operation, collection);
  }

  #queryShape(query: number, system: number): EncodedShape {
    const { start, end } = this.#values;
    const name = this.#values.has(system) ? this.#slots.nameOf(system) : "";
    return this.#shapes.shapeOf(this.#request.body, start[query]!, end[query]!, name);
  }

  #writeSummary(shape: EncodedShape | null, operation: number, collection: number): void {
    const values = this.#values;
    const column = this.#columns.db_query_summary;
    if (values.has(slot.dbQuerySummary)) this.#slots.add(column, slot.dbQuerySummary);
    else if (shape !== null && shape.summary.length > 0) column.addEncoded(shape.summary);
    else if (!values.has(operation)) column.addEmpty();
    else if (!values.has(collection)) this.#slots.add(column, operation);
    else column.addText(`${this.#slots.nameOf(operation)} ${this.#slots.nameOf(collection)}`);
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
      this.#slots.addToHash(this.#hash, operation);
      this.#slots.addToHash(this.#hash, collection);
    }
    this.#hasShape = true;
  }

  #writeHttp(): void {
    const values = this.#values;
    const columns = this.#columns;
    const method = values.pick(slot.httpRequestMethod, slot.httpMethod);
    const status = values.pick(slot.httpResponseStatusCode, slot.httpStatusCode);
    this.#slots.add(columns.http_request_method, method);
    this.#writeRoute();
    columns.http_response_status_code.addUint16(values.has(status) ? values.lo[status]! : 0);
    this.#template = this.#toTemplate(method);
    columns.url_template.addText(this.#template);
    if (this.#hasShape || this.#template === "") return;
    this.#addToHash(shapeFamily.http, method);
    const host = values.has(this.#address) ? this.#slots.nameOf(this.#address) : this.#url.host;
    this.#hash.addText(host).addText(this.#template);
    this.#hasShape = true;
  }

  #writeRoute(): void {
    const { http_route: column } = this.#columns;
    if (this.#name.isKnown || !this.#values.has(slot.httpRoute)) {
      this.#slots.addPlace(column, slot.httpRoute);
      return;
    }
    column.addEmpty();
    this.#slots.keep(slot.httpRoute);
  }

  /** "" unless the span is an HTTP client's. */
  #toTemplate(method: number): string {
    const values = this.#values;
    if (this.#kind !== client) return "";
    if (values.has(slot.urlTemplate)) return this.#slots.textOf(slot.urlTemplate);
    const path = values.pick(slot.urlPath, slot.httpTarget);
    const { names } = this.#url;
    if (values.has(path)) return toUrlTemplate(toUrlParts(this.#slots.textOf(path)).path) + names;
    if (this.#url === noUrl && !values.has(method)) return "";
    return toUrlTemplate(this.#url.path || "/") + names;
  }

  #writeMessaging(): void {
    const values = this.#values;
    const columns = this.#columns;
    const isCaller = this.#kind === client || this.#kind === producer;
    const destination = values.pick(slot.messagingDestinationName, slot.messagingDestination);
    this.#slots.add(columns.messaging_destination_name, destination);
    const peer = values.pick(slot.serverServiceName, slot.peerService);
    if (values.has(peer)) this.#slots.add(columns.peer, peer);
    else if (values.has(destination)) this.#slots.add(columns.peer, destination);
    else if (isCaller) this.#addAddress(columns.peer);
    else columns.peer.addEmpty();
    if (this.#hasShape || !isCaller || !values.has(destination)) return;
    const system = values.pick(slot.messagingSystemName, slot.messagingSystem);
    this.#addToHash(shapeFamily.messaging, system);
    this.#slots.addToHash(this.#hash, destination);
    this.#hasShape = true;
  }

  #addToHash(family: number, index: number): void {
    this.#hash.addNumber(family);
    this.#slots.addToHash(this.#hash, index);
  }
}
