import type { Store } from "../../storage/store.ts";
import type { TraceDetector, WindowDetector } from "../detector.ts";
import type { Finding } from "../model/finding.ts";
import type { AnalysisCounters } from "./analysis-counters.ts";
import { examineTraces } from "./examine.ts";
import { refreshFinding } from "./refresh-finding.ts";
import { SettledTraces } from "./settled.ts";
import { findInWindow } from "./window-findings.ts";

export interface ScheduleOptions {
  readonly store: Store;
  readonly traceDetectors: readonly TraceDetector[];
  readonly windowDetectors: readonly WindowDetector[];
  readonly counters: AnalysisCounters;
  /** Called for every finding that is new or changed, once it is stored. */
  readonly onFinding: (finding: Finding) => void;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** The numbers of one finding are computed anew at most this often. */
const refreshEveryMs = 30_000;
const windowRunEveryMs = 15_000;

/**
 * What runs when: settled traces, then the findings that they touched, then the windows of time.
 *
 *   settled traces ─▶ candidates ─▶ detect ─▶ occurrences ─▶ findings ─▶ onFinding
 *   ops_1m ────────────────────────▶ window detectors ──────────▲
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #settled: SettledTraces;
  /** Findings with occurrences that their stored numbers don't know yet. */
  readonly #stale = new Map<string, TraceDetector>();
  readonly #refreshedAt = new Map<string, number>();
  #windowRunAt = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#settled = new SettledTraces(options.store, options.now);
  }

  /** Runs everything that is due, once. Rejects when the store can't be asked; the next run goes on from there. */
  async run(): Promise<void> {
    const { traceDetectors, ...rest } = this.#options;
    this.#options.counters.runs++;
    for await (const page of this.#settled.pages()) {
      const seen = await examineTraces({ ...rest, detectors: traceDetectors }, page);
      for (const [fingerprint, detector] of seen) this.#stale.set(fingerprint, detector);
    }
    this.#options.counters.examinedUntilMs = this.#settled.watermarkMs ?? null;
    await this.#refreshStale();
    await this.#runWindows();
  }

  async #refreshStale(): Promise<void> {
    const { now, onFinding } = this.#options;
    for (const [fingerprint, detector] of this.#stale) {
      if (now() - (this.#refreshedAt.get(fingerprint) ?? 0) < refreshEveryMs) continue;
      const finding = await refreshFinding(this.#options, fingerprint, detector);
      this.#stale.delete(fingerprint);
      this.#refreshedAt.set(fingerprint, now());
      if (finding) onFinding(finding);
    }
  }

  async #runWindows(): Promise<void> {
    const { now, onFinding } = this.#options;
    if (now() - this.#windowRunAt < windowRunEveryMs) return;
    for (const finding of await findInWindow(this.#options)) onFinding(finding);
    this.#windowRunAt = now();
  }
}
