import { type AlikeSpans, partKind, type TemplatePart } from "../tracing/alike-spans.ts";
import type { AttributeKey } from "../tracing/attribute-key.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { AttributeEncoder, spanAttributesTag } from "./attribute-encoder.ts";
import { ByteWriter } from "./byte-writer.ts";

/** Larger spans are encoded each time. */
const templateBytesMax = 1_024;
/** Of AnyValue's int_value. */
const integerTag = 0x18;
/** Of every integer in a template, so that any other fits into its place. */
const integerBytes = 4;

/** Encodes the attributes of a span, numbers in as many bytes as they may ever need, and notes where each stands. */
export class TemplateRecorder implements AttributeWriter {
  readonly out = new ByteWriter(Buffer.alloc(templateBytesMax));
  readonly #encoder = new AttributeEncoder(this.out);
  #varying: AlikeSpans["varying"] = new Set();
  #first = newPart(partKind.end);
  #last = this.#first;
  #isPlain = true;

  start(varying: AlikeSpans["varying"]): void {
    this.out.length = 0;
    this.out.isOverfull = false;
    this.#varying = varying;
    this.#first = newPart(partKind.end);
    this.#last = this.#first;
    this.#isPlain = true;
  }

  /** The first of its parts; undefined when it can't be a template. */
  finish(): TemplatePart | undefined {
    this.#add(partKind.end);
    return this.#isPlain && this.out.isWhole ? this.#first.next : undefined;
  }

  kept(attributes: KeptAttributes): void {
    this.#encoder.kept(attributes);
    this.#add(partKind.kept, undefined, attributes);
  }

  known(key: AttributeKey, value: string): void {
    if (this.#varying.has(key)) {
      this.#add(partKind.appended, key);
      return;
    }
    this.#encoder.known(key, value);
    this.#add(partKind.known, key, value);
  }

  text(key: AttributeKey): void {
    this.#add(partKind.appended, key);
  }

  joined(key: AttributeKey): void {
    this.#add(partKind.appended, key);
  }

  hex(key: AttributeKey, high: number, low: number): void {
    this.#encoder.hex(key, high, low);
    this.#add(partKind.hex, key, undefined, this.out.length - 16);
  }

  integer(key: AttributeKey, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) return;
    this.out.byte(spanAttributesTag);
    this.out.copy(key.head(integerTag, integerBytes));
    this.#add(partKind.integer, key, undefined, this.out.skip(integerBytes));
  }

  double(key: AttributeKey, value: number): void {
    this.#encoder.double(key, value);
    this.#add(partKind.double, key, undefined, this.out.length - 8);
  }

  flag(key: AttributeKey, value: boolean): void {
    this.#encoder.flag(key, value);
    this.#add(partKind.flag, key, undefined, this.out.length - 1);
  }

  /** Its place would have to be noted for each span. */
  beginCallSite(): void {
    this.#isPlain = false;
  }

  endCallSite(): void {}

  #add(kind: number, key?: AttributeKey, value?: TemplatePart["value"], at = 0): void {
    const part = { ...newPart(kind), key, value, at };
    this.#last.next = part;
    this.#last = part;
  }
}

function newPart(kind: number): TemplatePart {
  return { kind, key: undefined, value: undefined, at: 0, next: undefined };
}
