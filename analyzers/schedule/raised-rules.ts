import { type WatermarkRow, watermarkQuery } from "../../storage/queries/watermark.ts";
import type { Store } from "../../storage/store.ts";
import type { TraceDetector } from "../detector.ts";
import { type AnalyzerShare, SettledTraces } from "./settled.ts";
import type { SettledTrace } from "./settled-trace.ts";

/** A finding counts the evidence of so long: what is older changes none of its numbers. */
const backMs = 24 * 3_600_000;
/** Traces of one run: what settles now goes first. */
const pageMax = 2_000;

/** What is to be examined once more, and by whom. */
export interface RaisedPage {
  readonly detectors: readonly TraceDetector[];
  readonly page: readonly SettledTrace[];
}

type Versions = Readonly<Record<string, number>>;

/**
 * Detectors that are new, or whose version is higher than that which examined the stored traces. They look at the traces of
 * the last day, too, a page at a time, beside those that settle now:
 *
 *   ── a day before ──────────────────────────────| started
 *     |▶ raised rules, recorded as they go         |▶ all rules, as ever
 *
 * Progress has a name of its own, made of what was raised; a restart goes on there. Once all is done the versions are noted.
 */
export class RaisedRules {
  readonly #store: Store;
  readonly #detectors: readonly TraceDetector[];
  readonly #settled: SettledTraces;
  readonly #share: AnalyzerShare | undefined;
  /** Those that have traces left; undefined: not asked yet. */
  #raised: readonly TraceDetector[] | undefined;
  #walk: SettledTraces | undefined;
  #pages: AsyncGenerator<readonly SettledTrace[]> | undefined;
  #isWalked = false;

  constructor(
    store: Store,
    detectors: readonly TraceDetector[],
    settled: SettledTraces,
    share?: AnalyzerShare,
  ) {
    this.#store = store;
    this.#detectors = detectors;
    this.#settled = settled;
    this.#share = share;
  }

  /** The next page; null: there is none. The page before counts as examined. */
  async next(nowMs: number): Promise<RaisedPage | null> {
    this.#raised ??= await this.#begin(nowMs);
    if (this.#raised.length === 0 || this.#walk === undefined || this.#isWalked) return null;
    this.#pages ??= this.#walk.pages();
    try {
      const { done, value } = await this.#pages.next();
      if (!done) return { detectors: this.#raised, page: value };
    } catch (error) {
      // It goes on where it stood.
      this.#pages = undefined;
      throw error;
    }
    this.#isWalked = true;
    return null;
  }

  /** Stores how far it has come; for when the findings of what was examined are computed. */
  async record(nowMs: number): Promise<void> {
    if (!this.#raised?.length || this.#walk === undefined) return;
    if (!this.#isWalked) return this.#walk.record(this.#walk.watermarkMs);
    await this.#note(nowMs);
    this.#raised = [];
  }

  async #begin(nowMs: number): Promise<readonly TraceDetector[]> {
    // Up to where all of them have been; what comes later they examine as they are now.
    const untilMs = await this.#settled.recordedMs();
    const known = await this.#readVersions();
    const raised = this.#detectors.filter(({ meta }) => (known[meta.id] ?? 0) < meta.version);
    if (raised.length === 0) return [];
    if (untilMs === 0) {
      await this.#note(nowMs);
      return [];
    }
    const names = raised.map(({ meta }) => `${meta.id}@${meta.version}`);
    this.#walk = new SettledTraces(this.#store, () => untilMs, {
      ...this.#share,
      pageMax,
      walk: `examined again by ${names.join(" ")}`,
      fromMs: untilMs - backMs,
    });
    return raised;
  }

  get #name(): string {
    return `rules of ${this.#settled.name}`;
  }

  async #readVersions(): Promise<Versions> {
    const [row] = await this.#store.select<WatermarkRow>(watermarkQuery, { name: this.#name });
    return row ? JSON.parse(row.value) : {};
  }

  /** Of an older process nothing is forgotten: who goes back a version and forth again examines nothing anew. */
  async #note(nowMs: number): Promise<void> {
    const known = await this.#readVersions();
    const versions: Record<string, number> = { ...known };
    for (const { meta } of this.#detectors) {
      versions[meta.id] = Math.max(meta.version, known[meta.id] ?? 0);
    }
    await this.#store.insertRows("watermarks", [
      { name: this.#name, at: nowMs, value: JSON.stringify(versions) },
    ]);
  }
}
