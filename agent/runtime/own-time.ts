import { monotonicNow } from "../tracing/monotonic-clock.ts";
import { randomWord } from "../tracing/random-words.ts";

/** On average one entry in so many is timed, never in step with what a request does: that would time always the same. */
const timedEvery = 64;
/** Nobody asks for so many before `begin`. */
const notBegun = 2 ** 30 - 1;
/** Nothing of ours takes so long: it was interrupted, by garbage collection or by another process. */
const entryMsMax = 0.5;

/** How long code of the agent runs on the application's thread; an estimate that itself costs next to nothing. */
export class OwnTime {
  #entriesLeft = notBegun;
  #timedMs = 0;

  /** Nothing is timed before that: the first look at the clock is what an application's start should not pay. */
  begin(): void {
    this.#entriesLeft = 1;
  }

  /** To be handed to `leave`. */
  enter(): number {
    this.#entriesLeft -= 1;
    if (this.#entriesLeft > 0) return 0;
    this.#entriesLeft = 1 + ((randomWord() >>> 0) % (2 * timedEvery - 1));
    return monotonicNow();
  }

  leave(entered: number): void {
    if (entered === 0) return;
    this.#timedMs += Math.min(monotonicNow() - entered, entryMsMax);
  }

  /** Since `begin`. */
  get totalMs(): number {
    return this.#timedMs * timedEvery;
  }
}

/** Of everything that our instrumentations do; guards enter and leave. */
export const ownTime = new OwnTime();
