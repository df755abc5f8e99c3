import { type AlikeSpans, partKind, type TemplatePart } from "../tracing/alike-spans.ts";
import type { AttributeKey } from "../tracing/attribute-key.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import type { ByteWriter } from "./byte-writer.ts";

const nothing: TemplatePart = {
  kind: partKind.end,
  key: undefined,
  value: undefined,
  at: 0,
  next: undefined,
};

/**
 * What every detail writes its attributes to. Over the copy of a template it only compares each of them with the part that
 * the template has next, and puts numbers into their places; without one it hands everything on to an encoder.
 */
export class TemplateWriter implements AttributeWriter {
  readonly #out: ByteWriter;
  /** For what is in no template. */
  target: AttributeWriter;
  #alike: AlikeSpans | undefined = undefined;
  /** Where the copy begins. */
  #from = 0;
  #part = nothing;
  #isStranger = false;

  constructor(out: ByteWriter, target: AttributeWriter) {
    this.#out = out;
    this.target = target;
  }

  /** From here on the span is compared with a template, a copy of which begins at `from`. */
  begin(alike: AlikeSpans, first: TemplatePart, from: number): void {
    this.#alike = alike;
    this.#part = first;
    this.#from = from;
    this.#isStranger = false;
  }

  /** Whether the span was like it. */
  end(): boolean {
    const isLike = !this.#isStranger && this.#part.kind === partKind.end;
    this.#alike = undefined;
    this.#part = nothing;
    this.#isStranger = false;
    return isLike;
  }

  kept(attributes: KeptAttributes): void {
    const part = this.#part;
    if (part.value === attributes) this.#part = part.next!;
    else if (this.#isOnItsOwn(undefined)) this.target.kept(attributes);
  }

  known(key: AttributeKey, value: string): void {
    const part = this.#part;
    if (part.key === key && part.value === value) this.#part = part.next!;
    else if (this.#isOnItsOwn(key)) this.target.known(key, value);
  }

  text(key: AttributeKey, value: string): void {
    if (this.#isOnItsOwn(key)) this.target.text(key, value);
  }

  joined(key: AttributeKey, first: string, second: string): void {
    if (this.#isOnItsOwn(key)) this.target.joined(key, first, second);
  }

  hex(key: AttributeKey, high: number, low: number): void {
    const part = this.#part;
    if (part.key === key && part.kind === partKind.hex) {
      this.#out.setHex(this.#from + part.at, high, low);
      this.#part = part.next!;
    } else if (this.#isOnItsOwn(key)) this.target.hex(key, high, low);
  }

  integer(key: AttributeKey, value: number): void {
    const part = this.#part;
    const isSmall = (value | 0) === value && value >>> 28 === 0;
    if (part.key === key && part.kind === partKind.integer && isSmall) {
      this.#out.setVarint4(this.#from + part.at, value);
      this.#part = part.next!;
    } else if (this.#isOnItsOwn(key)) this.target.integer(key, value);
  }

  double(key: AttributeKey, value: number): void {
    const part = this.#part;
    if (part.key === key && part.kind === partKind.double) {
      this.#out.setDouble(this.#from + part.at, value);
      this.#part = part.next!;
    } else if (this.#isOnItsOwn(key)) this.target.double(key, value);
  }

  flag(key: AttributeKey, value: boolean): void {
    const part = this.#part;
    if (part.key === key && part.kind === partKind.flag) {
      this.#out.setByte(this.#from + part.at, value ? 1 : 0);
      this.#part = part.next!;
    } else if (this.#isOnItsOwn(key)) this.target.flag(key, value);
  }

  beginCallSite(): void {
    if (this.#isOnItsOwn(undefined)) this.target.beginCallSite();
  }

  endCallSite(frames: string): void {
    if (this.#isOnItsOwn(undefined)) this.target.endCallSite(frames);
  }

  /** Whether it is to be encoded now. Otherwise the span is not like the template, and this the end of it. */
  #isOnItsOwn(key: AttributeKey | undefined): boolean {
    if (this.#alike === undefined) return true;
    const part = this.#part;
    if (key !== undefined && part.key === key) {
      if (part.kind === partKind.appended) {
        this.#part = part.next!;
        return true;
      }
      if (part.kind === partKind.known) {
        this.#alike.varying.add(key);
        this.#alike.templates.length = 0;
      }
    }
    this.#isStranger = true;
    this.#part = nothing;
    return false;
  }
}
