import {
  type SettledTraceRow,
  type SettledTracesParameters,
  settledTracesByIdQuery,
  settledTracesQuery,
} from "../../storage/queries/settled-traces.ts";
import { type WatermarkRow, watermarkQuery } from "../../storage/queries/watermark.ts";
import type { Query, Store } from "../../storage/store.ts";

/** A trace is settled this long after its last arrival … */
const quietMs = 10_000;
/** … and at the latest this long after its first. */
const settledMaxMs = 600_000;
/** Read again behind the watermark: an insert that was under way becomes visible with an older time. */
const overlapMs = 30_000;
/** Progress is stored when it comes to this much: a kill repeats no more. */
const recordEveryMs = 10_000;
const watermarkName = "settled-traces";
/** More than a page is waiting: as many minutes of it as this are walked through in order of the trace id. */
const stepMs = 60_000;
/** Traces inside the overlap that are known; one that was forgotten is examined once more. */
const knownMax = 200_000;

export interface SettledOptions {
  /** Traces of one page, which are examined at once. Their ids are part of a query, which has at most 256 KiB. */
  readonly tracesMax?: number;
  /** Of so many that share the traces, this one; from 0. */
  readonly worker?: number;
  readonly workers?: number;
}

/**
 * Walks through settled traces, page by page, each trace once for every time that it settles. More than a page, after a
 * pause or under a high load, is walked through in order of the trace id, step by step in time: `spans` are stored in
 * that order, so a page reads them in one piece.
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
  readonly #options: Required<SettledOptions>;
  /** Trace id to the time at which it settled, for traces inside the overlap. */
  readonly #known = new Map<string, number>();
  #watermarkMs: number | undefined;
  #recordedMs = 0;

  constructor(
    store: Store,
    now: () => number,
    { tracesMax = 5_000, worker = 0, workers = 1 }: SettledOptions = {},
  ) {
    this.#store = store;
    this.#now = now;
    this.#options = { tracesMax, worker, workers };
  }

  /** Traces that settled up to this time were handed out, and the pages done; 0 before the first walk. */
  get watermarkMs(): number {
    return this.#watermarkMs ?? 0;
  }

  /** Hands out pages until there is nothing left that settled before now. A page is done when the next is asked for. */
  async *pages(): AsyncGenerator<readonly SettledTraceRow[]> {
    const nowMs = this.#now();
    // A clock that was ahead once must not make us wait until it is that late.
    this.#watermarkMs = Math.min(this.#watermarkMs ?? (await this.#readWatermark()), nowMs);
    for (;;) {
      const sinceMs = Math.max(0, this.#watermarkMs - overlapMs);
      const first = await this.#select(settledTracesQuery, sinceMs, "", nowMs);
      const last = first.length === this.#options.tracesMax ? first.at(-1) : undefined;
      if (!last) {
        yield* this.#fresh(first);
        this.#advance(nowMs);
        return;
      }
      const untilMs = Math.min(nowMs, Math.max(last.settledMs, first[0]!.settledMs + stepMs));
      yield* this.#walkStep(sinceMs, untilMs);
      this.#advance(untilMs);
      if (untilMs === nowMs) return;
    }
  }

  /** All that settled in (since, until], in order of the trace id. */
  async *#walkStep(sinceMs: number, untilMs: number): AsyncGenerator<readonly SettledTraceRow[]> {
    let sinceTraceId = "";
    for (;;) {
      const page = await this.#select(settledTracesByIdQuery, sinceMs, sinceTraceId, untilMs);
      yield* this.#fresh(page);
      const last = page.length === this.#options.tracesMax ? page.at(-1) : undefined;
      if (!last) return;
      sinceTraceId = last.traceId;
    }
  }

  /** What of the page is not known, if anything; known once it is done. */
  *#fresh(page: readonly SettledTraceRow[]): Generator<readonly SettledTraceRow[]> {
    const fresh = page.filter(({ traceId, settledMs }) => this.#known.get(traceId) !== settledMs);
    if (fresh.length > 0) yield fresh;
    for (const { traceId, settledMs } of fresh) {
      this.#known.delete(traceId);
      this.#known.set(traceId, settledMs);
    }
    for (const traceId of this.#known.keys()) {
      if (this.#known.size <= knownMax) break;
      this.#known.delete(traceId);
    }
  }

  #select(
    query: Query,
    sinceMs: number,
    sinceTraceId: string,
    untilMs: number,
  ): Promise<SettledTraceRow[]> {
    const parameters: SettledTracesParameters = {
      ...this.#options,
      sinceMs,
      sinceTraceId,
      untilMs,
      quietMs,
      settledMaxMs,
    };
    return this.#store.select<SettledTraceRow>(query, parameters);
  }

  #advance(toMs: number): void {
    this.#watermarkMs = Math.max(this.watermarkMs, toMs);
    const fromMs = this.watermarkMs - overlapMs;
    for (const [traceId, settledMs] of this.#known) {
      if (settledMs < fromMs) this.#known.delete(traceId);
    }
  }

  /** Stores the progress: who starts again begins at `toMs`, at most the watermark. */
  async record(toMs: number): Promise<void> {
    if (toMs - this.#recordedMs < recordEveryMs) return;
    await this.#store.insertRows("watermarks", [
      { name: this.#name, at: this.#now(), value: String(toMs) },
    ]);
    this.#recordedMs = toMs;
  }

  /** Each worker has its own; another number of workers begins anew where nobody has been. */
  get #name(): string {
    const { worker, workers } = this.#options;
    return workers === 1 ? watermarkName : `${watermarkName} ${worker} of ${workers}`;
  }

  async #readWatermark(): Promise<number> {
    const [row] = await this.#store.select<WatermarkRow>(watermarkQuery, { name: this.#name });
    this.#recordedMs = row ? Number(row.value) : 0;
    return this.#recordedMs;
  }
}
