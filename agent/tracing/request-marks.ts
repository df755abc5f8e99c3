import type { LocalTrace } from "./local-trace.ts";
import { monotonicNow } from "./monotonic-clock.ts";

/** Samples are farther apart. */
const resolutionMs = 0.5;
const routesMax = 2_000;
const traceWords = 4;

/** In `requests`: no request runs from here on. */
export const noRequest = 0xffffffff;
/** Added to the index of a request that only begins here: what ran before was not its doing. */
export const beginsFlag = 0x80000000;

/** For another thread, which takes it over at no price, however many requests there were. */
export interface MarkedRequests {
  /** As of `performance.now()`, in order. */
  readonly timesMs: Float64Array<ArrayBuffer>;
  /** For each time the index of the request that ran then, with `beginsFlag`, or `noRequest`. */
  readonly requests: Uint32Array<ArrayBuffer>;
  /** By index of the request: which of `routes`. */
  readonly routeOf: Uint16Array<ArrayBuffer>;
  /** Four words for each request, the trace's id; zeros when it is not sent. */
  readonly traceIds: Uint32Array<ArrayBuffer>;
  /** Method and route; the first is "", of work that is no request or has no name yet. */
  readonly routes: readonly string[];
}

/** Of all that were ever marked; a trace keeps its number, and whoever marks knows which of them are his. */
let requestsEver = 0;

/**
 * When the agent saw which request run, while a profile is taken: a span began or ended, a callback was called in its
 * context. Between two marks the event loop may have done something else; a profile shows when it was idle.
 */
export class RequestMarks {
  readonly #timesMs: Float64Array<ArrayBuffer>;
  readonly #requests: Uint32Array<ArrayBuffer>;
  readonly #routeOf: Uint16Array<ArrayBuffer>;
  readonly #traceIds: Uint32Array<ArrayBuffer>;
  readonly #routes = new Map([["", 0]]);
  readonly #first = requestsEver;
  #count = 0;
  #length = 0;

  /** Beyond so many the rest of a profile is of no request. */
  constructor(marksMax: number) {
    const requestsMax = marksMax >> 1;
    this.#timesMs = new Float64Array(marksMax);
    this.#requests = new Uint32Array(marksMax);
    this.#routeOf = new Uint16Array(requestsMax);
    this.#traceIds = new Uint32Array(requestsMax * traceWords);
  }

  mark(trace: LocalTrace): void {
    const index = trace.markedAs - this.#first;
    if (index >= 0) this.#add(index);
    else if (this.#count < this.#routeOf.length) this.#add(this.#begin(trace));
  }

  /** What of it is known in the end. */
  name(trace: LocalTrace, name: string): void {
    const index = trace.markedAs - this.#first;
    if (index < 0) return;
    let route = this.#routes.get(name);
    if (route === undefined) {
      route = this.#routes.size < routesMax ? this.#routes.size : 0;
      if (route > 0) this.#routes.set(name, route);
    }
    this.#routeOf[index] = route;
  }

  /** A request has been answered. */
  end(trace: LocalTrace, name: string): void {
    this.mark(trace);
    this.name(trace, name);
    this.#add(noRequest);
  }

  /** Its arrays are given away: nothing is marked after it. */
  take(): MarkedRequests {
    return {
      timesMs: this.#timesMs.subarray(0, this.#length),
      requests: this.#requests.subarray(0, this.#length),
      routeOf: this.#routeOf,
      traceIds: this.#traceIds,
      routes: [...this.#routes.keys()],
    };
  }

  #begin(trace: LocalTrace): number {
    const index = this.#count;
    this.#count += 1;
    trace.markedAs = requestsEver;
    requestsEver += 1;
    if (trace.isSampled) {
      const at = index * traceWords;
      this.#traceIds[at] = trace.id0;
      this.#traceIds[at + 1] = trace.id1;
      this.#traceIds[at + 2] = trace.id2;
      this.#traceIds[at + 3] = trace.id3;
    }
    return (index | beginsFlag) >>> 0;
  }

  #add(request: number): void {
    const nowMs = monotonicNow();
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

/** 32 hex digits; "" of a request whose trace is not sent. */
export function traceIdOf({ traceIds }: MarkedRequests, request: number): string {
  const at = request * traceWords;
  const words = [...traceIds.subarray(at, at + traceWords)];
  if (words.every((word) => word === 0)) return "";
  return words.map((word) => word.toString(16).padStart(8, "0")).join("");
}
