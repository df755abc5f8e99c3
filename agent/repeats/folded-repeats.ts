import type { LocalTrace } from "../tracing/local-trace.ts";
import type { RecordedSpan, Repeat } from "../tracing/recorded-span.ts";
import type { ScopeSink } from "../tracing/tracing.ts";
import { RepeatSummary } from "./repeat-summary.ts";

/** Sets of parameters of one statement that have a summary of their own, so that equal calls are counted exactly. */
const ownParamsMax = 8;
/** A call that takes longer is sent as it is. */
const slowMs = 100;
/** Statements that are folded at the same time, over all requests; the calls of further ones are sent as they are. */
const foldsMax = 1_000;

/** Calls of one statement, below one parent, since the fold began. */
interface Fold {
  readonly trace: LocalTrace;
  readonly parent0: number;
  readonly parent1: number;
  readonly repeat: Repeat;
  readonly ofParams: RepeatSummary[];
  /** Of all other parameters. */
  others: RepeatSummary | undefined;
  isOld: boolean;
}

/**
 * Calls that a request makes again and again, on their way to `inner`: beyond the first few they become one summary
 * span, sent when the span above them ends, or after some seconds.
 *
 *   GET /orders        |───────────────────────────────────|
 *     SELECT customers   |─||─||─| … |═════════════════|         the first ten; 4,990 in one span
 *                                       |──|                     slow or failed: as it is
 *
 * A request that runs a query 5,000 times so costs a dozen spans.
 */
export class FoldedRepeats implements ScopeSink {
  readonly #inner: ScopeSink;
  readonly #delayMs: number;
  readonly #traces = new Map<LocalTrace, Map<string, Fold>>();
  #folds = 0;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** A fold is sent after `delayMs` to twice that, even while the span above it is open. */
  constructor(inner: ScopeSink, delayMs: number) {
    this.#inner = inner;
    this.#delayMs = delayMs;
  }

  scopeOf(name: string, version: string): number {
    return this.#inner.scopeOf(name, version);
  }

  add(span: RecordedSpan): void {
    if (span.mayRepeat) {
      const repeat = span.detail?.repeat;
      if (repeat !== undefined && isPlain(span) && this.#fold(span, repeat)) return;
    }
    if (this.#folds > 0) this.#sendBelow(span);
    this.#inner.add(span);
  }

  /** Sends whatever is folded: the process ends. */
  sendAll(): void {
    for (const folds of this.#traces.values()) {
      for (const [statement, fold] of folds) this.#send(statement, fold);
    }
  }

  /** False when there is no room for one more. */
  #fold(span: RecordedSpan, repeat: Repeat): boolean {
    const known = this.#traces.get(span.trace)?.get(repeat.statement);
    const isKnown = known !== undefined && isOfFold(known, span, repeat);
    if (!isKnown) {
      if (known !== undefined) this.#send(repeat.statement, known);
      if (this.#folds >= foldsMax) return false;
    }
    // The summary has what is left of it.
    span.detail = undefined;
    if (isKnown) addCall(known, span, repeat);
    else this.#begin(span, repeat);
    return true;
  }

  #begin(span: RecordedSpan, repeat: Repeat): void {
    const { trace, parent0, parent1 } = span;
    const empty = { ofParams: [], others: undefined, isOld: false };
    const fold = { trace, parent0, parent1, repeat, ...empty };
    addCall(fold, span, repeat);
    const folds = this.#traces.get(trace);
    if (folds === undefined) this.#traces.set(trace, new Map([[repeat.statement, fold]]));
    else folds.set(repeat.statement, fold);
    this.#folds += 1;
    this.#timer ??= setInterval(() => this.#onTime(), this.#delayMs).unref();
  }

  #sendBelow({ trace, id0, id1 }: RecordedSpan): void {
    const folds = this.#traces.get(trace);
    if (folds === undefined) return;
    for (const [statement, fold] of folds) {
      if (fold.parent0 === id0 && fold.parent1 === id1) this.#send(statement, fold);
    }
  }

  #onTime(): void {
    for (const folds of this.#traces.values()) {
      for (const [statement, fold] of folds) {
        if (fold.isOld) this.#send(statement, fold);
        fold.isOld = true;
      }
    }
  }

  #send(statement: string, fold: Fold): void {
    const folds = this.#traces.get(fold.trace);
    folds?.delete(statement);
    if (folds?.size === 0) this.#traces.delete(fold.trace);
    this.#folds -= 1;
    for (const summary of fold.ofParams) summary.send(this.#inner);
    fold.others?.send(this.#inner);
    if (this.#folds > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Nothing about it would be lost in a sum. */
function isPlain({ statusCode, attributes, events, links, startMs, endMs }: RecordedSpan): boolean {
  const isMarked = attributes !== undefined || events !== undefined || links !== undefined;
  return statusCode === 0 && !isMarked && endMs - startMs <= slowMs;
}

function isOfFold(fold: Fold, { parent0, parent1 }: RecordedSpan, repeat: Repeat): boolean {
  const isSibling = fold.parent0 === parent0 && fold.parent1 === parent1;
  return isSibling && repeat.isAlike(fold.repeat);
}

function addCall(fold: Fold, span: RecordedSpan, repeat: Repeat): void {
  const { paramsHash } = repeat;
  const own = paramsHash && fold.ofParams.find((summary) => summary.isOf(paramsHash));
  if (own !== undefined) own.add(span, repeat);
  else if (paramsHash !== undefined && fold.ofParams.length < ownParamsMax) {
    fold.ofParams.push(new RepeatSummary(span, repeat, true));
  } else if (fold.others !== undefined) fold.others.add(span, repeat);
  else fold.others = new RepeatSummary(span, repeat, false);
}
