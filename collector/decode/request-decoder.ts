import type { KeyValueReader } from "./any-value.ts";
import { DecodeRequest } from "./decode-request.ts";
import type { DecodeContext, DecodedBlock } from "./decoded-block.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import { ResourceMessage, ScopeMessage } from "./resource-message.ts";

/** A body, and under what conditions it is read. */
export interface ProtobufRequest {
  readonly body: Uint8Array;
  readonly context: DecodeContext;
}

/** Makes the rows of one signal. */
export interface RowDecoder {
  readonly block: {
    readonly keys: KeyDictionary;
    readonly rows: number;
    /** Forgets all rows. */
    reset(bytesMax: number): void;
    toNative(): Uint8Array<ArrayBuffer>;
  };
  readonly keyValue: KeyValueReader;
  /** The rows that follow are another request's. */
  startRequest(context: DecodeContext): void;
  /** All rows of the request were read. */
  endRequest(): void;
  /** Reads the span, metric or log record from the reader's cursor to `end`, and writes its rows or rejects them. */
  read(reader: ProtobufReader, end: number, resource: ResourceMessage, scope: ScopeMessage): void;
}

const scopesTag = 0x12;
/** Field 1000, `instrumentation_library_spans`: as exporters of OTLP 0.15 wrote what field 2 has before and after it. */
const librariesTag = 0x1f42;

/**
 * Reads OTLP export requests in protobuf into a block of rows, in one pass. Its shape is the same for each signal:
 *
 *   request ─ ResourceSpans* ─┬ Resource
 *                             └ ScopeSpans* ─┬ InstrumentationScope
 *                                            └ Span* ─▶ judged ─▶ a row, or counted by reason
 *
 * Attribute values are copied from the body to the columns without becoming JavaScript strings. What is kept between
 * requests (columns, keys, shapes of queries) only saves work: the block is the same without it. Only which names are too
 * many (`KnownNames`) depends on what came before.
 */
export class RequestDecoder {
  readonly #request = new DecodeRequest();
  readonly #reader = new ProtobufReader();
  readonly #scope = new ScopeMessage();
  readonly #rows: RowDecoder;
  readonly #resource: ResourceMessage;

  constructor(createRows: (request: DecodeRequest) => RowDecoder) {
    this.#rows = createRows(this.#request);
    this.#resource = new ResourceMessage(this.#request, this.#rows.block.keys, this.#rows.keyValue);
  }

  /**
   * The rows of all bodies in one block, which each of the results has. All share the limits of the first. Throws
   * DecodeError when one of them can't be read; nothing of any is then used.
   */
  decode(requests: readonly ProtobufRequest[]): DecodedBlock[] {
    const { block } = this.#rows;
    block.reset(requests[0]?.context.limits.blockBytesMax ?? 0);
    try {
      const results = requests.map((request) => this.#decodeOne(request));
      const native = block.toNative();
      return results.map((result) => ({ ...result, block: native, requests: results.length }));
    } finally {
      this.#request.release();
    }
  }

  #decodeOne({ body, context }: ProtobufRequest): Omit<DecodedBlock, "block" | "requests"> {
    const request = this.#request;
    const { block } = this.#rows;
    const rowsBefore = block.rows;
    request.reset(body, context);
    this.#reader.reset(request.body);
    this.#rows.keyValue.reader.reset(request.body);
    this.#rows.startRequest(context);
    this.#resource.startRequest();
    this.#readRequest(body.length);
    this.#rows.endRequest();
    const { rejected, rejectedReasons, losses } = request;
    return { rows: block.rows - rowsBefore, rejected, rejectedReasons, losses };
  }

  #readRequest(end: number): void {
    const reader = this.#reader;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x0a) this.#readResource(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  /** ResourceSpans, ResourceMetrics or ResourceLogs. */
  #readResource(end: number): void {
    const reader = this.#reader;
    const start = reader.at;
    this.#resource.read(reader, this.#seekFirstField(end));
    this.#request.startResource(this.#resource);
    reader.at = start;
    if (this.#readScopes(end, scopesTag)) return;
    // Where both are set they say the same: the specification has a receiver read the newer one.
    reader.at = start;
    this.#readScopes(end, librariesTag);
  }

  /** Whether there is any. */
  #readScopes(end: number, scopeTag: number): boolean {
    const reader = this.#reader;
    let isAny = false;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === scopeTag) {
        isAny = true;
        this.#readScope(reader.readEnd(end));
      } else {
        reader.skip(tag, end);
      }
    }
    return isAny;
  }

  /** ScopeSpans, ScopeMetrics or ScopeLogs. */
  #readScope(end: number): void {
    const reader = this.#reader;
    const start = reader.at;
    this.#scope.read(reader, this.#seekFirstField(end), this.#request.limits.attributesMax);
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag !== 0x12) {
        reader.skip(tag, end);
        continue;
      }
      const rowEnd = reader.readEnd(end);
      this.#rows.read(reader, rowEnd, this.#resource, this.#scope);
      reader.at = rowEnd;
    }
  }

  /**
   * Goes to the resource, or the scope, of the message and returns its end. It is normally first, but may legally follow
   * what it applies to. Without one, an empty message at the end.
   */
  #seekFirstField(end: number): number {
    const reader = this.#reader;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x0a) return reader.readEnd(end);
      reader.skip(tag, end);
    }
    return end;
  }
}
