import { toDateTime64 } from "../../storage/date-time.ts";
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
/** Traces of one page: what is examined, and recorded as examined, at once. */
const tracesMax = 2_000;
const watermarkName = "settled-traces";

/**
 * Walks through settled traces, page by page, each trace once for every time that it settles.
 *
 *      examined before            |<- overlap ->|
 *   ───────────────────────────────────────────watermark──────────▶ now
 *                                 └─ read again, known ones skipped
 *
 * The watermark is stored after each page: a crash repeats a page, and a repeated page changes nothing.
 */
export class SettledTraces {
  readonly #store: Store;
  readonly #now: () => number;
  /** Trace id to the time at which it settled, for traces inside the overlap. */
  readonly #known = new Map<string, number>();
  #watermarkMs: number | undefined;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Time up to which settled traces were handed out; undefined before the first walk. */
  get watermarkMs(): number | undefined {
    return this.#watermarkMs;
  }

  /** Hands out pages until there is nothing left that settled before now. */
  async *pages(): AsyncGenerator<readonly SettledTraceRow[]> {
    const untilMs = this.#now();
    this.#watermarkMs ??= await this.#readWatermark();
    let sinceMs = Math.max(0, this.#watermarkMs - overlapMs);
    this.#forget(sinceMs);
    let sinceTraceId = "";
    for (;;) {
      const parameters: SettledTracesParameters = {
        sinceMs,
        sinceTraceId,
        untilMs,
        quietMs,
        settledMaxMs,
        tracesMax,
      };
      const page = await this.#store.select<SettledTraceRow>(settledTracesQuery, parameters);
      const fresh = page.filter(({ traceId, settledMs }) => this.#known.get(traceId) !== settledMs);
      if (fresh.length > 0) yield fresh;
      for (const { traceId, settledMs } of fresh) this.#known.set(traceId, settledMs);
      const last = page.length === tracesMax ? page.at(-1) : undefined;
      await this.#moveWatermark(last?.settledMs ?? untilMs);
      if (!last) return;
      sinceMs = last.settledMs;
      sinceTraceId = last.traceId;
    }
  }

  #forget(beforeMs: number): void {
    for (const [traceId, settledMs] of this.#known) {
      if (settledMs < beforeMs) this.#known.delete(traceId);
    }
  }

  async #readWatermark(): Promise<number> {
    const [row] = await this.#store.select<WatermarkRow>(watermarkQuery, { name: watermarkName });
    return row ? Number(row.value) : 0;
  }

  async #moveWatermark(toMs: number): Promise<void> {
    if (toMs <= this.#watermarkMs!) return;
    this.#watermarkMs = toMs;
    await this.#store.insertRows("watermarks", [
      { name: watermarkName, at: toDateTime64(this.#now()), value: String(toMs) },
    ]);
  }
}
