import { DecodeError } from "./decode-error.ts";
import { DecodeRequest } from "./decode-request.ts";
import type { DecodeContext, DecodedBlock, RejectReason } from "./decoded-block.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import { ResourceMessage, ScopeMessage } from "./resource-message.ts";
import { SpanBlock } from "./span-block.ts";
import { SpanMessage } from "./span-message.ts";
import { SpanWriter } from "./span-writer.ts";

/**
 * Reads an OTLP ExportTraceServiceRequest in protobuf into a block of `spans`, in one pass:
 *
 *   request ─ ResourceSpans* ─┬ Resource
 *                             └ ScopeSpans* ─┬ InstrumentationScope
 *                                            └ Span* ─▶ judged ─▶ a row, or counted by reason
 *
 * Attribute values are copied from the body to the columns without becoming JavaScript strings. What is kept between
 * requests (columns, keys, shapes of queries) only saves work: the block is the same without it.
 */
export class TraceDecoder {
  readonly #request = new DecodeRequest();
  readonly #reader = new ProtobufReader();
  readonly #block = new SpanBlock();
  readonly #writer = new SpanWriter(this.#request, this.#block);
  readonly #resource = new ResourceMessage(
    this.#request,
    this.#block.keys,
    this.#writer.attributes.keyValue,
  );
  readonly #scope = new ScopeMessage();
  readonly #span = new SpanMessage();
  #acceptFromMs = 0;
  #acceptToMs = 0;
  #services: readonly string[] | undefined;
  #isServiceAllowed = true;
  #spans = 0;
  #rejected: Partial<Record<RejectReason, number>> = {};

  /** Throws DecodeError; nothing of the request is then used. */
  decode(body: Uint8Array, context: DecodeContext): DecodedBlock {
    this.#start(body, context);
    try {
      this.#readRequest(body.length);
      return {
        block: this.#block.toNative(),
        rows: this.#block.rows,
        rejected: this.#spans - this.#block.rows,
        rejectedReasons: this.#rejected,
        losses: this.#request.losses,
      };
    } finally {
      this.#request.release();
    }
  }

  #start(body: Uint8Array, context: DecodeContext): void {
    const { receivedMs, acceptFromMs, acceptToMs, services, limits } = context;
    this.#request.reset(body, limits);
    this.#reader.reset(this.#request.body);
    this.#block.reset(limits.blockBytesMax);
    this.#writer.startRequest(receivedMs);
    this.#resource.startRequest();
    this.#acceptFromMs = acceptFromMs;
    this.#acceptToMs = acceptToMs;
    this.#services = services;
    this.#spans = 0;
    this.#rejected = {};
  }

  #readRequest(end: number): void {
    const reader = this.#reader;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x0a) this.#readResourceSpans(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  #readResourceSpans(end: number): void {
    const reader = this.#reader;
    const start = reader.at;
    this.#resource.read(reader, this.#seekFirstField(end));
    this.#isServiceAllowed = this.#services?.includes(this.#resource.serviceName()) ?? true;
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x12) this.#readScopeSpans(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  #readScopeSpans(end: number): void {
    const reader = this.#reader;
    const start = reader.at;
    this.#scope.read(reader, this.#seekFirstField(end), this.#request.limits.attributesMax);
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x12) this.#readSpan(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  /**
   * Goes to the resource of a ResourceSpans, or the scope of a ScopeSpans, and returns its end. It is normally first,
   * but may legally follow what it applies to. Without one, an empty message at the end.
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

  #readSpan(end: number): void {
    const { limits } = this.#request;
    if (++this.#spans > limits.rowsMax) {
      throw new DecodeError("TOO_MANY_ROWS", `a request may hold ${limits.rowsMax} spans`);
    }
    this.#span.read(this.#reader, end, limits);
    const reason = this.#judge(this.#span);
    if (reason === null) this.#writer.write(this.#span, this.#resource, this.#scope, this.#reader);
    else this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
    this.#reader.at = end;
  }

  #judge(span: SpanMessage): RejectReason | null {
    if (!this.#isServiceAllowed) return "service_not_allowed";
    if (!this.#isId(span.traceIdStart, span.traceIdEnd, 16)) return "invalid_trace_id";
    if (!this.#isId(span.spanIdStart, span.spanIdEnd, 8)) return "invalid_span_id";
    const parentBytes = span.parentSpanIdEnd - span.parentSpanIdStart;
    if (parentBytes !== 0 && parentBytes !== 8) return "invalid_parent_span_id";
    const startMs = (span.startHi * 2 ** 32 + span.startLo) / 1e6;
    if (startMs < this.#acceptFromMs || startMs > this.#acceptToMs) return "outside_time_window";
    const isReversed =
      span.endHi < span.startHi || (span.endHi === span.startHi && span.endLo < span.startLo);
    return isReversed ? "negative_duration" : null;
  }

  /** Right length, and not all zero. */
  #isId(start: number, end: number, length: number): boolean {
    if (end - start !== length) return false;
    let any = 0;
    for (let i = start; i < end; i++) any |= this.#request.body[i]!;
    return any !== 0;
  }
}
