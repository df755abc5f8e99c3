import {
  type SettledTraceRow,
  type SettledTracesParameters,
  settledTracesQuery,
} from "../../storage/queries/settled-traces.ts";
import { type WatermarkRow, watermarkQuery } from "../../storage/queries/watermark.ts";
import type { Store } from "../../storage/store.ts";

/** A trace is settled this long after its last arrival … */
const quietMs = 10_000;
/** … and at the latest this long after its first. */
const settledMaxMs = 600_000;
/** Read again behind the watermark: an insert that was under way becomes visible with an older time. */
const overlapMs = 30_000;
/** Progress is stored when it comes to this much: a kill repeats no more. */
const recordEveryMs = 10_000;
const watermarkName = "settled-traces";

/**
 * Walks through settled traces, page by page, each trace once for every time that it settles.
 *
 *      examined before            |<- overlap ->|
 *   ───────────────────────────────────────────watermark──────────▶ now
 *                                 └─ read again, known ones skipped
 *
 * Who starts again from a recorded watermark gets some traces once more; examining them again changes nothing.
 */
export class SettledTraces {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #tracesMax: number;
  /** Trace id to the time at which it settled, for traces inside the overlap; about in order of that time. */
  readonly #known = new Map<string, number>();
  #watermarkMs: number | undefined;
  #recordedMs = 0;

  /** `tracesMax`: traces of one page, which are examined at once. */
  constructor(store: Store, now: () => number, { tracesMax = 2_000 } = {}) {
    this.#store = store;
    this.#now = now;
    this.#tracesMax = tracesMax;
  }

  /** Traces that settled up to this time were handed out, and the pages done; 0 before the first walk. */
  get watermarkMs(): number {
    return this.#watermarkMs ?? 0;
  }

  /** Hands out pages until there is nothing left that settled before now. A page is done when the next is asked for. */
  async *pages(): AsyncGenerator<readonly SettledTraceRow[]> {
    const untilMs = this.#now();
    // A clock that was ahead once must not make us wait until it is that late.
    this.#watermarkMs = Math.min(this.#watermarkMs ?? (await this.#readWatermark()), untilMs);
    let sinceMs = Math.max(0, this.#watermarkMs - overlapMs);
    let sinceTraceId = "";
    for (;;) {
      const parameters: SettledTracesParameters = {
        sinceMs,
        sinceTraceId,
        untilMs,
        quietMs,
        settledMaxMs,
        tracesMax: this.#tracesMax,
      };
      const page = await this.#store.select<SettledTraceRow>(settledTracesQuery, parameters);
      const fresh = page.filter(({ traceId, settledMs }) => this.#known.get(traceId) !== settledMs);
      if (fresh.length > 0) yield fresh;
      const last = page.length === this.#tracesMax ? page.at(-1) : undefined;
      this.#watermarkMs = Math.max(this.#watermarkMs, last?.settledMs ?? untilMs);
      this.#remember(fresh);
      if (!last) return;
      sinceMs = last.settledMs;
      sinceTraceId = last.traceId;
    }
  }

  /** Stores the progress: who starts again begins at `toMs`, at most the watermark. */
  async record(toMs: number): Promise<void> {
    if (toMs - this.#recordedMs < recordEveryMs) return;
    await this.#store.insertRows("watermarks", [
      { name: watermarkName, at: this.#now(), value: String(toMs) },
    ]);
    this.#recordedMs = toMs;
  }

  #remember(page: readonly SettledTraceRow[]): void {
    for (const { traceId, settledMs } of page) {
      this.#known.delete(traceId);
      this.#known.set(traceId, settledMs);
    }
    const fromMs = this.watermarkMs - overlapMs;
    for (const [traceId, settledMs] of this.#known) {
      if (settledMs >= fromMs) break;
      this.#known.delete(traceId);
    }
  }

  async #readWatermark(): Promise<number> {
    const [row] = await this.#store.select<WatermarkRow>(watermarkQuery, { name: watermarkName });
    this.#recordedMs = row ? Number(row.value) : 0;
    return this.#recordedMs;
  }
}
