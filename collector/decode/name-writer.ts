import type { AttributeWriter } from "./attribute-writer.ts";
import type { StringColumn } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import { overflowName } from "./known-names.ts";
import { type PromotedValues, slot } from "./promoted-attributes.ts";
import type { QueryShapes } from "./query-shape.ts";
import { redactUrls } from "./redaction.ts";
import type { SlotWriter } from "./slot-writer.ts";
import type { SpanBlockColumns } from "./span-block.ts";

/** Writes the names of spans, without what must not be stored. */
export class NameWriter {
  readonly #request: DecodeRequest;
  readonly #columns: SpanBlockColumns;
  readonly #attributes: AttributeWriter;
  readonly #values: PromotedValues;
  readonly #slots: SlotWriter;
  readonly #shapes: QueryShapes;
  /** False: there are too many operations, and the span is one of the rest. */
  isKnown = true;

  constructor(
    request: DecodeRequest,
    columns: SpanBlockColumns,
    attributes: AttributeWriter,
    { values, slots, shapes }: { values: PromotedValues; slots: SlotWriter; shapes: QueryShapes },
  ) {
    this.#request = request;
    this.#columns = columns;
    this.#attributes = attributes;
    this.#values = values;
    this.#slots = slots;
    this.#shapes = shapes;
  }

  /** The column of the name; `start` and `end` are where it is in the body. */
  write(start: number, end: number): void {
    this.#checkOperation(start, end);
    this.#writeName(this.#startName(), start, end);
  }

  #checkOperation(nameStart: number, nameEnd: number): void {
    const { names, body, losses } = this.#request;
    const { start, end } = this.#values;
    const route = slot.httpRoute;
    this.isKnown = names.isKnown(body, nameStart, nameEnd, start[route]!, end[route]!);
    if (!this.isKnown) losses.overflowedNames++;
  }

  /** Where the name goes: to its column, or to an attribute where there are too many. */
  #startName(): StringColumn {
    const { name, attributes } = this.#columns;
    if (this.isKnown) return name;
    name.addText(overflowName);
    attributes.addKey(slot.spanName);
    return attributes.values;
  }

  /** Some instrumentations name a span by its statement or its URL: what is hidden there is hidden here, too. */
  #writeName(name: StringColumn, start: number, end: number): void {
    if (!this.#mayHide(start, end)) {
      this.#attributes.addUtf8(name, start, end);
      return;
    }
    const values = this.#values;
    const system = values.pick(slot.dbSystemName, slot.dbSystem);
    if (values.has(system) || values.has(values.pick(slot.dbQueryText, slot.dbStatement))) {
      const textOfSystem = values.has(system) ? this.#slots.textOf(system) : "";
      name.addEncoded(this.#shapes.shapeOf(this.#request.body, start, end, textOfSystem).text);
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
}
