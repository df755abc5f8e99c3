import { countDropped } from "../diagnostics.ts";
import type { RecordedSpan } from "../tracing/recorded-span.ts";
import type { ScopeSink } from "../tracing/tracing.ts";
import type { Scope, SpanChunk } from "./span-chunk.ts";
import { SpanEncoder } from "./span-encoder.ts";

/** Further scopes of the application's own making are taken for the first one. */
const scopesMax = 1_000;

/** Spans that are encoded at once: a dozen requests. */
const endedMax = 64;

export interface ChunkSink {
  /** Whether it would take a chunk now. */
  readonly hasRoom: boolean;
  /** Copies the chunk. False when it can take none now: this one is lost. */
  take(chunk: SpanChunk): boolean;
}

export interface SpanBufferOptions {
  readonly spansMax: number;
  readonly delayMs: number;
}

/**
 * Spans between their end and the agent's thread:
 *
 *   span ends ──▶ 64 wait ── encoded ──▶ buffer ──▶ full, 1,024 spans, or 5 s old ──▶ copied for the agent's thread
 *
 * Encoded one by one, each would have its code fetched anew, which whatever a request does in between has displaced from
 * the processor's caches: that costs more than to encode. Spans that follow each other are mostly of one scope; a change of
 * scope begins a new segment of the buffer.
 */
export class SpanBuffer implements ScopeSink {
  readonly #sink: ChunkSink;
  readonly #options: SpanBufferOptions;
  readonly #encoder: SpanEncoder;
  readonly #bytes: Buffer;
  readonly #scopes: Scope[] = [];
  readonly #scopeIndex = new Map<string, number>();
  /** The first `#endedCount` of them; a list that shrinks gives its memory back each time. */
  readonly #ended: (RecordedSpan | undefined)[] = new Array(endedMax).fill(undefined);
  #endedCount = 0;
  readonly #endedMax: number;
  #spans = 0;
  #scope = -1;
  /** Scope and end of each segment, one after the other. */
  #segments: number[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(sink: ChunkSink, bytes: Buffer, options: SpanBufferOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#endedMax = Math.min(endedMax, options.spansMax);
    this.#bytes = bytes;
    this.#encoder = new SpanEncoder(bytes);
  }

  scopeOf(name: string, version: string): number {
    const key = `${version} ${name}`;
    const known = this.#scopeIndex.get(key);
    if (known !== undefined) return known;
    if (this.#scopes.length >= scopesMax) return 0;
    this.#scopeIndex.set(key, this.#scopes.length);
    return this.#scopes.push({ name: String(name), version: String(version) }) - 1;
  }

  add(span: RecordedSpan): void {
    this.#ended[this.#endedCount] = span;
    this.#endedCount += 1;
    if (this.#endedCount === this.#endedMax) this.#encodeEnded();
    else if (this.#timer === undefined) this.#startTimer();
  }

  #encodeEnded(): void {
    const count = this.#endedCount;
    this.#endedCount = 0;
    for (let index = 0; index < count; index += 1) {
      const span = this.#ended[index]!;
      this.#ended[index] = undefined;
      this.#encode(span);
      span.detail = undefined;
    }
  }

  #encode(span: RecordedSpan): void {
    try {
      if (!this.#write(span)) {
        this.#handOverEncoded();
        if (!this.#write(span)) countDropped("span_too_large");
      }
    } catch {
      countDropped("span_failed");
    }
  }

  #write(span: RecordedSpan): boolean {
    const from = this.#encoder.length;
    if (!this.#encoder.add(span)) return false;
    if (span.scope !== this.#scope) this.#beginSegment(span.scope, from);
    this.#spans += 1;
    if (this.#spans >= this.#options.spansMax && this.#sink.hasRoom) this.#handOverEncoded();
    else if (this.#timer === undefined) this.#startTimer();
    return true;
  }

  #beginSegment(scope: number, at: number): void {
    if (this.#scope !== -1) this.#segments.push(this.#scope, at);
    this.#scope = scope;
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => this.#onTime(), this.#options.delayMs).unref();
  }

  /** While the thread is behind, or only starts, this buffer is filled to its end. */
  #onTime(): void {
    if (this.#sink.hasRoom) this.handOver();
    else this.#startTimer();
  }

  /** Gives all spans that have ended to the agent's thread. */
  handOver(): void {
    this.#encodeEnded();
    this.#handOverEncoded();
  }

  #handOverEncoded(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#spans === 0) return;
    const { length } = this.#encoder;
    this.#segments.push(this.#scope, length);
    const isTaken = this.#sink.take({
      bytes: this.#bytes.subarray(0, length),
      isFilled: length > this.#bytes.length / 2,
      segments: this.#segments,
      scopes: this.#scopes,
      spans: this.#spans,
      places: this.#encoder.takePlaces(),
    });
    if (!isTaken) countDropped("spans_queue_full", this.#spans);
    this.#encoder.restart();
    this.#spans = 0;
    this.#scope = -1;
    this.#segments = [];
  }
}
