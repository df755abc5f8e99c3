import type { TraceView } from "../model/trace-view.ts";

/**
 * Traces that were read of late, by id, up to so many spans in all; those that nobody asked for longest go first. The
 * samples of one endpoint have most traces in common from one time to the next, and endpoints that call each other share
 * theirs.
 */
export class TraceCache {
  readonly #traces = new Map<string, TraceView>();
  readonly #spansMax: number;
  #spans = 0;

  constructor({ spansMax = 60_000 } = {}) {
    this.#spansMax = spansMax;
  }

  get(traceId: string): TraceView | undefined {
    const trace = this.#traces.get(traceId);
    if (trace) {
      this.#traces.delete(traceId);
      this.#traces.set(traceId, trace);
    }
    return trace;
  }

  add(trace: TraceView): void {
    this.forget(trace.traceId);
    this.#traces.set(trace.traceId, trace);
    this.#spans += trace.size;
    for (const traceId of this.#traces.keys()) {
      if (this.#spans <= this.#spansMax) break;
      this.forget(traceId);
    }
  }

  /** To be called when spans of the trace came late. */
  forget(traceId: string): void {
    const trace = this.#traces.get(traceId);
    if (!trace) return;
    this.#traces.delete(traceId);
    this.#spans -= trace.size;
  }
}
