import { countDropped } from "../diagnostics.ts";
import type { LocalTrace } from "./local-trace.ts";
import { keptShareOf, randomnessOf, withThreshold } from "./ot-trace-state.ts";
import type { RecordedSpan } from "./recorded-span.ts";
import { RouteHistory } from "./route-history.ts";
import { toRandomness, toRejectBelow, toThreshold } from "./sampler.ts";
import type { ScopeSink } from "./tracing.ts";

/** A request that runs one statement so often is worth a look: the detectors' own threshold. */
const repeatsMin = 5;
/** Spans of one request that are held back; one that makes more is kept. */
const traceSpansMax = 1_000;
/** Spans of all requests that are held back; beyond it the oldest request is decided on what is known of it. */
const heldSpansMax = 20_000;
/** A request that is open for so long is kept: it is slow. */
const openMsMax = 30_000;
const tickMs = 5_000;

/** A request whose end is waited for. */
interface HeldTrace {
  readonly spans: RecordedSpan[];
  readonly sinceMs: number;
  hasError: boolean;
}

/**
 * Decides at the end of a request whether its spans are sent: those of one that failed, was slow, is rare or makes the
 * same call again and again are; of the others only `ratio`, by the trace's randomness.
 *
 *   spans ── held ── local root ends ─▶ remarkable ───────────────── sent, weight as it was
 *                                   └─▶ others ── randomness ≥ T ── sent, `th` says that each stands for 1 / ratio
 *                                                └── below ──────── left out, like what still comes of that request
 *
 * Σ weight so stays the number of requests. Other processes of the same trace decide for themselves: a trace that is
 * spread over several is kept in parts.
 */
export class TailDecision implements ScopeSink {
  readonly #inner: ScopeSink;
  readonly #ratio: number;
  readonly #routes = new RouteHistory();
  readonly #held = new Map<LocalTrace, HeldTrace>();
  #heldSpans = 0;
  #left = 0;

  constructor(inner: ScopeSink, ratio: number) {
    this.#inner = inner;
    this.#ratio = ratio;
    setInterval(() => this.#onTime(), tickMs).unref();
  }

  scopeOf(name: string, version: string): number {
    return this.#inner.scopeOf(name, version);
  }

  add(span: RecordedSpan): void {
    const { trace } = span;
    if (trace.isKept !== undefined) {
      if (trace.isKept) this.#inner.add(span);
      else span.detail = undefined;
      return;
    }
    const held = this.#hold(span);
    if (trace.root === span) this.#decide(trace, held, span);
    else if (held.spans.length >= traceSpansMax) this.#keep(trace, held);
    else if (this.#heldSpans > heldSpansMax) this.#decideOldest();
  }

  /** The process ends: what is open is decided on what is known of it. */
  decideAll(): void {
    for (const [trace, held] of this.#held) this.#decide(trace, held, undefined);
  }

  #hold(span: RecordedSpan): HeldTrace {
    let held = this.#held.get(span.trace);
    if (held === undefined) {
      held = { spans: [], sinceMs: performance.now(), hasError: false };
      this.#held.set(span.trace, held);
    }
    held.spans.push(span);
    this.#heldSpans += 1;
    if (span.statusCode === 2) held.hasError = true;
    return held;
  }

  #decide(trace: LocalTrace, held: HeldTrace, root: RecordedSpan | undefined): void {
    const isNoted = root !== undefined && this.#routes.isRareOrSlow(root);
    if (isNoted || held.hasError || isSuspicious(trace)) this.#keep(trace, held);
    else this.#keepByRandomness(trace, held);
  }

  #keepByRandomness(trace: LocalTrace, held: HeldTrace): void {
    const { traceState } = trace;
    // Of what the head sampler has kept: those with the higher randomness.
    const rejectBelow = toRejectBelow(keptShareOf(traceState) * this.#ratio);
    const [high, low] = randomnessOf(traceState) ?? [trace.id2 & 0xffffff, trace.id3];
    if (toRandomness(high, low) >= rejectBelow) {
      trace.sentState = withThreshold(traceState, toThreshold(rejectBelow));
      this.#keep(trace, held);
      return;
    }
    trace.isKept = false;
    this.#left += 1;
    this.#release(trace, held);
    for (const span of held.spans) span.detail = undefined;
  }

  #keep(trace: LocalTrace, held: HeldTrace): void {
    trace.isKept = true;
    this.#release(trace, held);
    for (const span of held.spans) this.#inner.add(span);
  }

  #release(trace: LocalTrace, held: HeldTrace): void {
    this.#held.delete(trace);
    this.#heldSpans -= held.spans.length;
  }

  #decideOldest(): void {
    for (const [trace, held] of this.#held) {
      this.#decide(trace, held, undefined);
      return;
    }
  }

  #onTime(): void {
    const openedBeforeMs = performance.now() - openMsMax;
    for (const [trace, held] of this.#held) {
      if (held.sinceMs < openedBeforeMs) this.#keep(trace, held);
    }
    if (this.#left > 0) countDropped("tail_sampled", this.#left);
    this.#left = 0;
  }
}

function isSuspicious({ repeats }: LocalTrace): boolean {
  return repeats !== undefined && repeats.most >= repeatsMin;
}
