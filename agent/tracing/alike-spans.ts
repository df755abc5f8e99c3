import type { AttributeKey } from "./attribute-key.ts";
import type { KeptAttributes } from "./attribute-writer.ts";

/** What a part of a template is, and with it what a span must bring to be like the template. */
export const partKind = {
  /** Behind the last one. */
  end: 0,
  /** The same attributes, or attribute. */
  kept: 1,
  known: 2,
  /** A number of its own, of always as many bytes. */
  integer: 3,
  double: 4,
  flag: 5,
  hex: 6,
  /** A text of its own: it is written behind all the others. */
  appended: 7,
} as const;

/** What a span's detail writes by one call. */
export interface TemplatePart {
  readonly kind: number;
  /** Undefined of kept attributes and the end. */
  readonly key: AttributeKey | undefined;
  /** That is the same in all spans. */
  readonly value: string | KeptAttributes | undefined;
  /** Where a number stands in `bytes`. */
  readonly at: number;
  next: TemplatePart | undefined;
}

/** An encoded span, of which others differ in ids, times and numbers only. */
export interface SpanTemplate {
  readonly name: string;
  readonly hasParent: boolean;
  /** With tag and length. */
  readonly bytes: Uint8Array;
  /** Where the start stands. */
  readonly startAt: number;
  readonly first: TemplatePart;
  /** That were like it. */
  spans: number;
}

/**
 * Spans that one detail after the other tells the same of: those of one statement, or of one route. Most of such a span
 * is copied from one of its templates instead of being encoded.
 */
export class AlikeSpans {
  /** Of statements that ran with and without a wait, say; what most spans are like comes first. */
  readonly templates: SpanTemplate[] = [];
  /** Attributes whose value was found to differ: they are no part of a template. */
  readonly varying = new Set<AttributeKey>();
  /** Spans that were like none of them. */
  strangers = 0;
}
