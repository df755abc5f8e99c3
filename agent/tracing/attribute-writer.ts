import type { AttributeKey } from "./attribute-key.ts";

/** Takes the attributes of one span. What the application has set itself under the same name counts instead. */
export interface AttributeWriter {
  /** A value of which there are few: its bytes are kept. */
  known(key: AttributeKey, value: string): void;
  text(key: AttributeKey, value: string): void;
  integer(key: AttributeKey, value: number): void;
  double(key: AttributeKey, value: number): void;
  flag(key: AttributeKey, value: boolean): void;
  /** What is written between these two is a call site, whose frames may turn out to be of compiled code. */
  beginCallSite(): void;
  endCallSite(frames: string): void;
}
