import type { LocalTrace } from "./local-trace.ts";

const requestsMax = 65_536;
/** Samples are farther apart. */
const resolutionMs = 0.5;

/** In `requests`: no request runs from here on. */
export const noRequest = 0xffffffff;
/** Added to the index of a request that only begins here: what ran before was not its doing. */
export const beginsFlag = 0x80000000;

/** For another thread. */
export interface MarkedRequests {
  /** As of `performance.now()`, in order. */
  readonly timesMs: Float64Array<ArrayBuffer>;
  /** For each time the index of the request that ran then, with `beginsFlag`, or `noRequest`. */
  readonly requests: Uint32Array<ArrayBuffer>;
  /** By index: method and route; "" of work that is no request. */
  readonly names: readonly string[];
  /** By index: 32 hex digits; "" when the trace is not sent. */
  readonly traceIds: readonly string[];
}

/**
 * When the agent saw which request run, while a profile is taken: a span began or ended, a callback was called in its
 * context. Between two marks the event loop may have done something else; a profile shows when it was idle.
 */
export class RequestMarks {
  readonly #timesMs: Float64Array;
  readonly #requests: Uint32Array;
  readonly #names: string[] = [];
  readonly #traceIds: string[] = [];
  readonly #indexes = new WeakMap<LocalTrace, number>();
  #length = 0;

  /** Beyond so many the rest of a profile is of no request. */
  constructor(marksMax: number) {
    this.#timesMs = new Float64Array(marksMax);
    this.#requests = new Uint32Array(marksMax);
  }

  mark(trace: LocalTrace): void {
    const known = this.#indexes.get(trace);
    if (known !== undefined) this.#add(known);
    else if (this.#names.length < requestsMax) {
      const index = this.#names.push("") - 1;
      this.#traceIds.push(trace.isSampled ? trace.hex : "");
      this.#indexes.set(trace, index);
      this.#add((index | beginsFlag) >>> 0);
    }
  }

  /** What of it is known in the end. */
  name(trace: LocalTrace, name: string): void {
    const index = this.#indexes.get(trace);
    if (index !== undefined) this.#names[index] = name;
  }

  /** A request has been answered. */
  end(trace: LocalTrace, name: string): void {
    this.mark(trace);
    this.name(trace, name);
    this.#add(noRequest);
  }

  take(): MarkedRequests {
    return {
      timesMs: this.#timesMs.slice(0, this.#length),
      requests: this.#requests.slice(0, this.#length),
      names: this.#names,
      traceIds: this.#traceIds,
    };
  }

  #add(request: number): void {
    const nowMs = performance.now();
    const last = this.#length - 1;
    const isRepeat = last >= 0 && this.#requests[last] === request;
    if (isRepeat && nowMs - this.#timesMs[last]! < resolutionMs) return;
    if (this.#length >= this.#timesMs.length) return;
    this.#timesMs[this.#length] = nowMs;
    this.#requests[this.#length] = request;
    this.#length += 1;
  }
}

/** Undefined while no profile is taken. */
export const marking: { active: RequestMarks | undefined } = { active: undefined };
