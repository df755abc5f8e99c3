import type { AttributeKey } from "./attribute-key.ts";

/**
 * Attributes that many spans have with equal values, such as those of a statement and its database: written one by one
 * for the first span, copied for the others.
 */
export interface KeptAttributes {
  /** Writes the same each time, and no call site. */
  readonly write: (writer: AttributeWriter) => void;
  /** As they were encoded for the first span; undefined before. */
  bytes: Uint8Array | undefined;
}

/** Takes the attributes of one span. What the application has set itself under the same name counts instead. */
export interface AttributeWriter {
  /** A value of which there are few: its bytes are kept. */
  known(key: AttributeKey, value: string): void;
  text(key: AttributeKey, value: string): void;
  /** A text of two parts, which need not be put together for it. */
  joined(key: AttributeKey, first: string, second: string): void;
  /** A text of 16 hex digits. */
  hex(key: AttributeKey, high: number, low: number): void;
  integer(key: AttributeKey, value: number): void;
  double(key: AttributeKey, value: number): void;
  flag(key: AttributeKey, value: boolean): void;
  /** Several at once. */
  kept(attributes: KeptAttributes): void;
  /** What is written between these two is a call site, whose frames may turn out to be of compiled code. */
  beginCallSite(): void;
  endCallSite(frames: string): void;
}
