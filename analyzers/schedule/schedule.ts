import type { Store } from "../../storage/store.ts";
import type { TraceDetector, WindowDetector } from "../detector.ts";
import type { Finding } from "../model/finding.ts";
import type { AnalysisCounters } from "./analysis-counters.ts";
import { examineTraces } from "./examine.ts";
import { FurtherEvidence } from "./further-evidence.ts";
import { KeptOrder } from "./kept-order.ts";
import { Pace } from "./pace.ts";
import { RaisedRules } from "./raised-rules.ts";
import { RefreshBudget } from "./refresh-budget.ts";
import { refreshFindings, type StaleFinding } from "./refresh-findings.ts";
import { RefreshQueue } from "./refresh-queue.ts";
import { type AnalyzerShare, SettledTraces } from "./settled.ts";
import type { SettledTrace } from "./settled-trace.ts";
import { TouchedFindings } from "./touched-findings.ts";
import { TraceCache } from "./trace-cache.ts";
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
  /** Which of several analyzers this is; alone unless told. Number 0 merges what all of them see, and tells it. */
  readonly share?: AnalyzerShare | undefined;
}

/** Findings whose numbers are computed together. */
const refreshesAtOnceMax = 50;
const windowRunEveryMs = 15_000;

/**
 * What runs when: settled traces, then the findings that they touched, then the windows of time.
 *
 *   settled traces ─▶ candidates ─▶ detect ─▶ occurrences ─▶ findings ─▶ onFinding
 *   ops_1m ────────────────────────▶ window detectors ──────────▲
 *
 * Progress is recorded only up to the oldest trace that its finding does not count yet, so that a kill loses none.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #settled: SettledTraces;
  readonly #waiting = new RefreshQueue();
  readonly #windowPace = new Pace();
  readonly #budget = new RefreshBudget();
  readonly #cache = new TraceCache();
  readonly #further = new FurtherEvidence();
  readonly #kept: KeptOrder;
  readonly #touched: TouchedFindings;
  readonly #raised: RaisedRules;
  /** Findings that traces of before touched, and that don't count them yet. */
  readonly #touchedAgain = new Set<string>();
  #windowRunAt = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#settled = new SettledTraces(options.store, options.now, options.share);
    this.#kept = new KeptOrder(options.store, this.#settled.name);
    this.#touched = new TouchedFindings(options.store);
    const { store, traceDetectors, share } = options;
    this.#raised = new RaisedRules(store, traceDetectors, this.#settled, share);
  }

  get #merges(): boolean {
    return (this.#options.share?.worker ?? 0) === 0;
  }

  /** Runs everything that is due, once. Rejects when the store can't be asked; the next run goes on from there. */
  async run(): Promise<void> {
    const { traceDetectors, counters } = this.#options;
    counters.runs++;
    await this.#kept.restore(this.#options.now());
    const again = await this.#raised.next(this.#options.now());
    for await (const page of this.#settled.pages()) {
      await this.#refreshWaiting();
      const sinceMs = this.#settled.watermarkMs;
      for (const { traceId } of page) this.#cache.forget(traceId);
      await this.#examine(page, traceDetectors);
      counters.examinedUntilMs = sinceMs;
    }
    counters.examinedUntilMs = this.#settled.watermarkMs;
    if (again) {
      const page = again.page.map((trace) => ({ ...trace, mayBeAgain: true }));
      for (const fingerprint of await this.#examine(page, again.detectors)) {
        this.#touchedAgain.add(fingerprint);
      }
    }
    await this.#refreshWaiting();
    if (this.#touchedAgain.size === 0) await this.#raised.record(this.#options.now());
    if (this.#merges) await this.#runWindows();
  }

  /** The fingerprints of findings that wait for their numbers now. */
  async #examine(
    page: readonly SettledTrace[],
    detectors: readonly TraceDetector[],
  ): Promise<readonly string[]> {
    const { traceDetectors, ...rest } = this.#options;
    const sinceMs = this.#settled.watermarkMs;
    const seen = await examineTraces({ ...rest, detectors, order: this.#kept.order }, page);
    if (!this.#merges) {
      await this.#touched.tell(seen);
      return [];
    }
    for (const [fingerprint, detector] of seen) this.#wait(fingerprint, detector, sinceMs);
    return [...seen.keys()];
  }

  #wait(fingerprint: string, detector: TraceDetector, sinceMs: number): void {
    const isWaiting = this.#waiting.add({ fingerprint, detector, sinceMs });
    if (!isWaiting) this.#options.counters.dropped.findings_waiting++;
  }

  /** Findings of which the other analyzers stored occurrences. Up to when they are known. */
  async #takeTouched(): Promise<number> {
    const { share, traceDetectors, now } = this.#options;
    if (!this.#merges || (share?.workers ?? 1) === 1) return Infinity;
    const fromMs = await this.#settled.recordedMs();
    for (const { fingerprint, detector, sinceMs } of await this.#touched.read(fromMs, now())) {
      const known = traceDetectors.find(({ meta }) => meta.id === detector);
      // One that this version does not have is told by one that does.
      if (known) this.#wait(fingerprint, known, Math.min(sinceMs, this.#settled.watermarkMs));
    }
    return this.#touched.readMs ?? 0;
  }

  /** As many as are due, and as there is time for; the others go on waiting, and traces don't wait for them. */
  async #refreshWaiting(): Promise<void> {
    const { now, counters } = this.#options;
    const touchedUntilMs = await this.#takeTouched();
    while (this.#budget.isLeft(performance.now())) {
      const due = this.#waiting.due(now(), refreshesAtOnceMax);
      if (due.length === 0) break;
      const startedAt = performance.now();
      await this.#refresh(due);
      this.#budget.spend(performance.now() - startedAt);
    }
    counters.findingsWaiting = this.#waiting.countDue(now());
    await this.#kept.keep(now());
    const countedMs = this.#waiting.oldestMs ?? this.#settled.watermarkMs;
    await this.#settled.record(Math.min(countedMs, touchedUntilMs));
  }

  async #refresh(due: readonly StaleFinding[]): Promise<void> {
    const { now, onFinding } = this.#options;
    const refreshed = await refreshFindings(
      { ...this.#options, cache: this.#cache, further: this.#further },
      due,
    );
    for (const { fingerprint } of due) {
      this.#touchedAgain.delete(fingerprint);
      const finding = refreshed.get(fingerprint);
      if (finding) onFinding(finding);
      // What fails is left alone for long; what was seen too seldom so far is young, and may be a finding soon.
      const firstSeenMs = finding === undefined ? 0 : (finding?.firstSeenAt ?? now());
      this.#waiting.done(fingerprint, firstSeenMs, now());
    }
  }

  async #runWindows(): Promise<void> {
    const { now, onFinding } = this.#options;
    if (now() - this.#windowRunAt < windowRunEveryMs) return;
    const isDue = (fingerprint: string) => this.#windowPace.isDue(fingerprint, now());
    for (const finding of await findInWindow({ ...this.#options, isDue })) {
      this.#windowPace.computed(finding.id, finding.firstSeenAt, now());
      onFinding(finding);
    }
    this.#windowRunAt = now();
  }
}
