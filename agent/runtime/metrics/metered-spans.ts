import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { countDropped } from "../../diagnostics.ts";
import type { AttributeKey } from "../../tracing/attribute-key.ts";
import type { AttributeWriter, KeptAttributes } from "../../tracing/attribute-writer.ts";
import { wordToHex } from "../../tracing/hex-words.ts";
import { otlpKind, type RecordedSpan } from "../../tracing/recorded-span.ts";
import type { ScopeSink } from "../../tracing/tracing.ts";
import type { CallDurations } from "./call-durations.ts";

/** Counts the durations of requests and calls on the way to `inner`. */
export class MeteredSpans implements ScopeSink {
  readonly #inner: ScopeSink;
  readonly #durations: CallDurations;

  constructor(inner: ScopeSink, durations: CallDurations) {
    this.#inner = inner;
    this.#durations = durations;
  }

  scopeOf(name: string, version: string): number {
    return this.#inner.scopeOf(name, version);
  }

  add(span: RecordedSpan): void {
    try {
      if (span.kind === otlpKind.server) this.#durations.recordServer(toCall(span));
      else if (span.kind === otlpKind.client) this.#durations.recordClient(toCall(span));
    } catch {
      // What the application has put into the span can't be read.
      countDropped("span_failed");
    }
    this.#inner.add(span);
  }
}

function toCall(span: RecordedSpan) {
  const collected = new CollectedAttributes();
  span.detail?.write(collected);
  for (const [key, value] of span.attributes ?? []) collected.attributes[key] = value;
  const durationS = (span.endMs - span.startMs) / 1000;
  return { durationS, attributes: collected.attributes, span: span.spanContext() };
}

class CollectedAttributes implements AttributeWriter {
  readonly attributes: Attributes = {};
  readonly known = this.#set;
  readonly text = this.#set;
  readonly integer = this.#set;
  readonly double = this.#set;
  readonly flag = this.#set;

  joined(key: AttributeKey, first: string, second: string): void {
    this.#set(key, first + second);
  }

  hex(key: AttributeKey, high: number, low: number): void {
    this.#set(key, wordToHex(high) + wordToHex(low));
  }

  kept(attributes: KeptAttributes): void {
    attributes.write(this);
  }

  beginCallSite(): void {}

  endCallSite(): void {}

  #set({ name }: AttributeKey, value: AttributeValue): void {
    this.attributes[name] = value;
  }
}
