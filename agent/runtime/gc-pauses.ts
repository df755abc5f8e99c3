import type { NodeGCPerformanceDetail, PerformanceObserver } from "node:perf_hooks";
import { TimeRing } from "./time-ring.ts";

/** As `v8js.gc.type` names them. */
export type GcKind = "major" | "minor" | "incremental" | "weakcb";

/** Node's type of an entry leaves out what only some kinds of entries have. */
interface GcEntry {
  readonly startTime: number;
  readonly duration: number;
  readonly detail: NodeGCPerformanceDetail;
}

/** Remembers the last pauses of garbage collection. Node tells of one shortly after it, not at once. */
export class GcPauses {
  readonly #pauses = new TimeRing();
  readonly #observer: PerformanceObserver;

  /** `onPause` is called for each pause, after it. */
  constructor(onPause: (kind: GcKind, durationMs: number) => void) {
    // Loaded here: it takes as long as the rest of the agent's set-up.
    const { constants, PerformanceObserver } = process.getBuiltinModule("node:perf_hooks");
    const kinds: Readonly<Record<number, GcKind>> = {
      [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
      [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
      [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
      [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
    };
    this.#observer = new PerformanceObserver((list) => {
      for (const { startTime, duration, detail } of list.getEntries() as unknown as GcEntry[]) {
        this.#pauses.add(startTime, startTime + duration);
        const kind = kinds[detail.kind ?? -1];
        if (kind !== undefined) onPause(kind, duration);
      }
    });
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** Milliseconds of pauses between the two, as of `performance.now()`. */
  pausedMs(startMs: number, endMs: number): number {
    return this.#pauses.overlapMs(startMs, endMs);
  }

  stop(): void {
    this.#observer.disconnect();
  }
}
