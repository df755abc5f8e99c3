import type { AttributeWriter } from "./attribute-writer.ts";
import { CallWriter } from "./call-writer.ts";
import type { StringColumn } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import { EventWriter } from "./event-writer.ts";
import { EvidenceWriter } from "./evidence-writer.ts";
import { LinkWriter } from "./link-writer.ts";
import { PromotedValues, slot } from "./promoted-attributes.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import { toSamplingWeight } from "./sampling-weight.ts";
import type { SpanBlock, SpanBlockColumns } from "./span-block.ts";
import type { SpanMessage } from "./span-message.ts";

/** Highest values of OTLP's SpanKind and StatusCode; a higher one is newer than we are, and stored as unset. */
const kindMax = 5;
const statusCodeMax = 2;

/** Writes accepted spans to the block, one row each. */
export class SpanWriter {
  readonly #attributes: AttributeWriter;
  readonly #request: DecodeRequest;
  readonly #block: SpanBlock;
  readonly #columns: SpanBlockColumns;
  readonly #values = new PromotedValues();
  readonly #call: CallWriter;
  readonly #evidence: EvidenceWriter;
  readonly #events: EventWriter;
  readonly #links: LinkWriter;

  constructor(request: DecodeRequest, block: SpanBlock, attributes: AttributeWriter) {
    this.#request = request;
    this.#block = block;
    this.#columns = block.columns;
    this.#attributes = attributes;
    this.#call = new CallWriter(request, block, attributes, this.#values);
    this.#evidence = new EvidenceWriter(block, attributes);
    this.#events = new EventWriter(block.columns, attributes);
    this.#links = new LinkWriter(request, block.columns, attributes);
  }

  /** All of a row but the columns of its resource and scope. */
  write(span: SpanMessage, reader: ProtobufReader): void {
    const { losses, limits } = this.#request;
    losses.droppedEvents += span.events.total - span.events.count;
    losses.droppedLinks += span.links.total - span.links.count;
    this.#writeFields(span);
    this.#attributes.writeSpanAttributes(span.attributes, this.#values, this.#evidence);
    this.#evidence.endRow();
    const kind = span.kind > kindMax ? 0 : span.kind;
    this.#call.write(kind, span.nameStart, span.nameEnd);
    this.#writeEvidence();
    this.#writeDroppedCounts(span);
    this.#attributes.endTypedRow();
    this.#events.writeRow(reader, span.events, limits.attributesMax);
    this.#links.writeRow(reader, span.links);
    this.#block.rows++;
  }

  #writeFields(span: SpanMessage): void {
    const columns = this.#columns;
    const { body } = this.#request;
    const borrow = span.endLo < span.startLo ? 1 : 0;
    columns.ts.addUint64(span.startLo, span.startHi);
    columns.duration.addUint64(span.endLo - span.startLo, span.endHi - span.startHi - borrow);
    columns.trace_id.addBytes(body, span.traceIdStart, span.traceIdEnd);
    columns.span_id.addBytes(body, span.spanIdStart, span.spanIdEnd);
    if (span.parentSpanIdEnd === span.parentSpanIdStart) columns.parent_span_id.addZeros(8);
    else columns.parent_span_id.addBytes(body, span.parentSpanIdStart, span.parentSpanIdEnd);
    this.#attributes.addUtf8(columns.trace_state, span.traceStateStart, span.traceStateEnd);
    columns.flags.addUint32(span.flags);
    columns.kind.addUint8(span.kind > kindMax ? 0 : span.kind);
    columns.status_code.addUint8(span.statusCode > statusCodeMax ? 0 : span.statusCode);
    this.#attributes.addUtf8(
      columns.status_message,
      span.statusMessageStart,
      span.statusMessageEnd,
    );
    const hasState = span.traceStateEnd > span.traceStateStart;
    columns.weight.addFloat64(hasState ? this.#weightOf(span) : 1);
  }

  #weightOf(span: SpanMessage): number {
    const end = this.#request.cut(span.traceStateStart, span.traceStateEnd);
    return toSamplingWeight(this.#request.body.toString("latin1", span.traceStateStart, end));
  }

  #writeEvidence(): void {
    const columns = this.#columns;
    const values = this.#values;
    this.#addKnown(columns.error_type, values, slot.errorType);
    this.#addKnown(
      columns.code_file_path,
      values,
      values.pick(slot.codeFilePath, slot.codeFilepath),
    );
    const line = values.pick(slot.codeLineNumber, slot.codeLineno);
    columns.code_line_number.addUint32(values.has(line) ? values.lo[line]! : 0);
    const name = values.pick(slot.codeFunctionName, slot.codeFunction);
    this.#addKnown(columns.code_function_name, values, name);
    columns.repeats.addUint32(values.has(slot.repeats) ? Math.max(1, values.lo[slot.repeats]!) : 1);
    if (values.has(slot.returnedRows)) {
      columns.returned_rows.addUint64(values.lo[slot.returnedRows]!, values.hi[slot.returnedRows]!);
    } else {
      columns.returned_rows.addUint64(-1, -1);
    }
    this.#writeParamsHash();
  }

  #writeParamsHash(): void {
    const start = this.#values.start[slot.paramsHash]!;
    const end = this.#values.end[slot.paramsHash]!;
    const text =
      start === -1 ? this.#call.paramsHash() : this.#request.body.toString("latin1", start, end);
    if (text !== "" && /^[0-9a-f]{16}$/i.test(text)) {
      const hi = Number.parseInt(text.slice(0, 8), 16);
      this.#columns.params_hash.addUint64(Number.parseInt(text.slice(8), 16), hi);
      return;
    }
    this.#columns.params_hash.addUint64(0, 0);
    if (start === -1) return;
    this.#columns.attributes.addKey(slot.paramsHash);
    this.#attributes.addUtf8(this.#columns.attributes.values, start, end);
  }

  #writeDroppedCounts(span: SpanMessage): void {
    if (span.droppedAttributes > 0)
      this.#attributes.addCount(slot.droppedAttributesCount, span.droppedAttributes);
    if (span.droppedEvents > 0)
      this.#attributes.addCount(slot.droppedEventsCount, span.droppedEvents);
    if (span.droppedLinks > 0) this.#attributes.addCount(slot.droppedLinksCount, span.droppedLinks);
  }

  #addKnown(column: StringColumn, values: PromotedValues, index: number): void {
    if (!values.has(index)) column.addEmpty();
    else this.#attributes.addUtf8(column, values.start[index]!, values.end[index]!);
  }
}
