import type { TraceDetector } from "../detector.ts";
import { Pace } from "./pace.ts";

/** A finding with occurrences that its stored numbers don't know yet. */
export interface WaitingFinding {
  readonly fingerprint: string;
  readonly detector: TraceDetector;
  /** Its new occurrences are of traces that settled after this. */
  readonly sinceMs: number;
}

/** Findings that wait for their numbers, the one that waits longest first; one that was done of late has to wait. */
export class RefreshQueue {
  readonly #waiting = new Map<string, WaitingFinding>();
  readonly #pace = new Pace();
  readonly #waitingMax: number;

  constructor({ waitingMax = 10_000 } = {}) {
    this.#waitingMax = waitingMax;
  }

  /** Settled traces up to this time are merged into their findings; undefined: all are. */
  get oldestMs(): number | undefined {
    let oldestMs: number | undefined;
    for (const { sinceMs } of this.#waiting.values()) {
      oldestMs = Math.min(sinceMs, oldestMs ?? sinceMs);
    }
    return oldestMs;
  }

  /** false: the queue is full, and the finding not in it. */
  add(finding: WaitingFinding): boolean {
    if (this.#waiting.has(finding.fingerprint)) return true;
    if (this.#waiting.size >= this.#waitingMax) return false;
    this.#waiting.set(finding.fingerprint, finding);
    return true;
  }

  /** At most `max` findings that are due. */
  due(nowMs: number, max: number): WaitingFinding[] {
    const due: WaitingFinding[] = [];
    for (const finding of this.#waiting.values()) {
      if (due.length === max) break;
      if (this.#pace.isDue(finding.fingerprint, nowMs)) due.push(finding);
    }
    return due;
  }

  /** Findings that are due and have not had their turn. */
  countDue(nowMs: number): number {
    let count = 0;
    for (const fingerprint of this.#waiting.keys()) {
      if (this.#pace.isDue(fingerprint, nowMs)) count++;
    }
    return count;
  }

  /** The finding's numbers are computed; `firstSeenMs` says how old it is. */
  done(fingerprint: string, firstSeenMs: number, nowMs: number): void {
    this.#waiting.delete(fingerprint);
    this.#pace.computed(fingerprint, firstSeenMs, nowMs);
  }
}
