import { beginsFlag, type MarkedRequests, noRequest } from "../../tracing/request-marks.ts";

/**
 * Says which request ran when, for samples that are asked for in order of time:
 *
 *   idle ──?──?── query of R ends ── R ── R ── R begins a call ── R ── idle ── ? ── S begins ── S
 *           └─┴─ R too: the code that leads up to its call
 *
 * After a mark its request runs until the next mark, or until the event loop is idle. What runs before the first mark
 * after an idle moment (a timer, a file that was read) is the doing of the request that the mark is of, unless that only
 * begins there.
 */
export class SampleOwners {
  readonly #marks: MarkedRequests;
  /** Milliseconds by index of the request. */
  readonly timesMs = new Map<number, number>();
  /** Of no request that is known. */
  otherMs = 0;
  #next = 0;
  #current = noRequest;
  #isKnown = false;
  #waitingMs = 0;

  constructor(marks: MarkedRequests) {
    this.#marks = marks;
  }

  /** A sample at this time that stands for so long. */
  add(atMs: number, durationMs: number, isIdle: boolean): void {
    this.#goTo(atMs);
    if (isIdle) this.#forget();
    else if (!this.#isKnown) this.#waitingMs += durationMs;
    else this.#give(this.#current, durationMs);
  }

  end(): void {
    this.#goTo(Number.POSITIVE_INFINITY);
    this.#forget();
  }

  #goTo(atMs: number): void {
    const { timesMs, requests } = this.#marks;
    for (; this.#next < timesMs.length && timesMs[this.#next]! <= atMs; this.#next += 1) {
      const mark = requests[this.#next]!;
      const isNone = mark === noRequest;
      const begins = !isNone && mark >= beginsFlag;
      this.#current = begins ? mark - beginsFlag : mark;
      if (this.#waitingMs > 0) this.#give(begins || isNone ? noRequest : mark, this.#waitingMs);
      this.#waitingMs = 0;
      // Behind its end something else may begin that is marked later.
      this.#isKnown = !isNone;
    }
  }

  #forget(): void {
    this.otherMs += this.#waitingMs;
    this.#waitingMs = 0;
    this.#isKnown = false;
  }

  #give(request: number, durationMs: number): void {
    if (request === noRequest) this.otherMs += durationMs;
    else this.timesMs.set(request, (this.timesMs.get(request) ?? 0) + durationMs);
  }
}
