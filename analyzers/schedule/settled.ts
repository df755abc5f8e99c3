import {
  longTracesQuery,
  type SettledCountParameters,
  type SettledCountRow,
  type SettledTracesParameters,
  settledCountQuery,
  settledTracesByIdQuery,
  settledTracesQuery,
} from "../../storage/queries/settled-traces.ts";
import { type WatermarkRow, watermarkQuery } from "../../storage/queries/watermark.ts";
import type { Query, Store } from "../../storage/store.ts";
import { IdSlices } from "./id-slices.ts";
import { KnownTraces } from "./known-traces.ts";
import { SettledColumns } from "./settled-columns.ts";
import { completeTraces, type SettledTrace } from "./settled-trace.ts";

/** A trace is settled this long after its last arrival … */
const quietMs = 10_000;
/** … and at the latest this long after its first. */
const settledMaxMs = 600_000;
/** Read again behind the clock: an insert that was under way becomes visible with an older time. */
const overlapMs = 30_000;
/** Arrivals are stored for two days, and removed some time after. */
const keptMs = 3 * 86_400_000;
/** Looked through at once: all that settled in so much time, and in four times as much when it was less than a page. */
const windowMsMin = 300_000;
/** Progress is stored when it comes to this much: a kill repeats no more. */
const recordEveryMs = 10_000;
const watermarkName = "settled-traces";
/** More than a page is waiting: as many minutes of it as this are walked through in order of the trace id. */
const stepMs = 60_000;
/** Arrivals are looked at from so long before: a trace that came over a longer time is asked for once more, by its id. */
const lookBackMs = 60_000;
/** Traces that still arrive after `settledMaxMs` are looked for this often: all arrivals of that time have to be read. */
const longEveryMs = 60_000;
/** Traces inside the overlap that are known at least, and twice as many at most; one that was forgotten is examined once more. */
const knownMax = 500_000;

/** Of so many that share the traces by a hash of their id, this one; from 0. */
export interface AnalyzerShare {
  readonly worker: number;
  readonly workers: number;
}

export interface SettledOptions extends Partial<AnalyzerShare> {
  /** Under which progress is recorded, for a walk of its own beside the first one. */
  readonly walk?: string;
  /** Where it begins when nothing is recorded. */
  readonly fromMs?: number;
  /** Traces that are asked for at once … */
  readonly tracesMax?: number;
  /** … and of these, those that are examined at once. */
  readonly pageMax?: number;
}

interface Look {
  /** Up to where it looked. */
  readonly endMs: number;
  /** At least as many as traces that settled until then. */
  readonly arrivals: number;
  /** Undefined: there may be more than may come at once. */
  readonly all?: SettledColumns;
}

/**
 * Walks through settled traces, page by page, each trace once for every time that it settles. Of what is asked for at once, pages
 * are in the order in which `spans` are stored, so that each reads them in few pieces. What is more than that, after a pause or
 * under a high load, is asked for step by step in time, and within a step by slices of the trace ids, as arrivals are stored.
 *
 *      examined before            |<- overlap ->|
 *   ───────────────────────────────────────watermark = now of the last walk ──────────▶ now
 *                                 └─ read again, known ones skipped
 *
 * Who starts again from a recorded watermark gets some traces once more; examining them again changes nothing.
 */
export class SettledTraces {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #options: Required<SettledOptions>;
  /** Those inside the overlap. */
  readonly #known = new KnownTraces(knownMax);
  #watermarkMs: number | undefined;
  /** What settled up to here is all visible, and handed out. */
  #seenMs = 0;
  #recordedMs = 0;
  #longUntilMs = 0;

  constructor(
    store: Store,
    now: () => number,
    {
      tracesMax = 50_000,
      pageMax = 10_000,
      worker = 0,
      workers = 1,
      walk = watermarkName,
      fromMs = 0,
    }: SettledOptions = {},
  ) {
    this.#store = store;
    this.#now = now;
    this.#options = { tracesMax, pageMax, worker, workers, walk, fromMs };
  }

  /** Traces that settled up to this time were handed out, and the pages done; 0 before the first walk. */
  get watermarkMs(): number {
    return this.#watermarkMs ?? 0;
  }

  /** Hands out pages until there is nothing left that settled before now. A page is done when the next is asked for. */
  async *pages(): AsyncGenerator<readonly SettledTrace[]> {
    const nowMs = this.#now();
    await this.#begin(nowMs);
    yield* this.#walkLong(nowMs);
    for (let windowMs = windowMsMin; ; ) {
      const sinceMs = this.#seenMs;
      const { endMs, all, arrivals } = await this.#look(
        sinceMs,
        Math.min(nowMs, sinceMs + windowMs),
      );
      yield* all ? this.#fresh(all) : this.#walkStep(sinceMs, endMs, arrivals);
      this.#advance(endMs, nowMs);
      if (endMs === nowMs) return;
      // A pause of days is passed in a few questions.
      windowMs = all ? windowMs * 4 : windowMsMin;
    }
  }

  /** What settled in (since, until]; when it may be more than may come at once, only up to where a step is to go. */
  async #look(sinceMs: number, untilMs: number): Promise<Look> {
    const { tracesMax } = this.#options;
    const { arrivals, firstMs } = await this.#count(sinceMs, untilMs);
    if (arrivals >= tracesMax) {
      return { endMs: Math.min(untilMs, firstMs + quietMs + stepMs), arrivals };
    }
    const all = await this.#select(settledTracesQuery, { sinceMs, untilMs });
    // Inserts that were under way may have added some since.
    return all.rows < tracesMax ? { endMs: untilMs, arrivals, all } : { endMs: untilMs, arrivals };
  }

  async #count(sinceMs: number, untilMs: number): Promise<SettledCountRow> {
    const { worker, workers } = this.#options;
    const parameters: SettledCountParameters = { sinceMs, untilMs, quietMs, worker, workers };
    const [row] = await this.#store.select<SettledCountRow>(settledCountQuery, parameters);
    return row!;
  }

  /** Up to where progress was recorded, by this process or the one before it; 0: never. */
  async recordedMs(): Promise<number> {
    if (this.#watermarkMs === undefined) {
      this.#watermarkMs = await this.#readWatermark();
      this.#seenMs = this.#watermarkMs - overlapMs;
    }
    return this.#recordedMs;
  }

  /** Goes on where the last walk ended, or where the one before a restart did. */
  async #begin(nowMs: number): Promise<void> {
    await this.recordedMs();
    // A clock that was ahead once must not make us wait until it is that late.
    this.#watermarkMs = Math.min(this.watermarkMs, nowMs);
    this.#seenMs = Math.max(nowMs - keptMs, Math.min(this.#seenMs, nowMs - overlapMs));
  }

  /** Once in a while, those that have been arriving for long. */
  async *#walkLong(untilMs: number): AsyncGenerator<readonly SettledTrace[]> {
    this.#longUntilMs = Math.min(this.#longUntilMs || this.watermarkMs, untilMs);
    if (untilMs - this.#longUntilMs < longEveryMs) return;
    const sinceMs = Math.max(0, this.#longUntilMs - overlapMs);
    const parameters = { sinceMs, untilMs, lookBackMs: settledMaxMs };
    yield* this.#fresh(await this.#select(longTracesQuery, parameters));
    this.#longUntilMs = untilMs;
  }

  /** All that settled in (since, until], in order of the trace id. */
  async *#walkStep(
    sinceMs: number,
    untilMs: number,
    arrivals: number,
  ): AsyncGenerator<readonly SettledTrace[]> {
    const slices = new IdSlices(this.#options.tracesMax, arrivals);
    for (let slice = slices.current; slice !== null; slice = slices.current) {
      const settled = await this.#select(settledTracesByIdQuery, { sinceMs, untilMs, ...slice });
      yield* this.#fresh(settled);
      slices.passed(settled.rows, settled.rows > 0 ? settled.idOf(settled.rows - 1) : "");
    }
  }

  /** What of the traces is not known, in pages in the order in which `spans` are stored; known once its page is done. */
  async *#fresh(settled: SettledColumns): AsyncGenerator<readonly SettledTrace[]> {
    const fresh = settled.inStoredOrder(
      (row, settledMs) => !this.#known.has(settled.ids, row, settledMs),
    );
    for (let at = 0; at < fresh.length; at += this.#options.pageMax) {
      const rows = fresh.subarray(at, at + this.#options.pageMax);
      const page = settled.toArrived(rows);
      yield await completeTraces(this.#store, page);
      for (const [i, row] of rows.entries()) this.#known.add(settled.ids, row, page[i]!.settledMs);
    }
  }

  async #select(
    query: Query,
    range: Pick<SettledTracesParameters, "sinceMs" | "untilMs"> & Partial<SettledTracesParameters>,
  ): Promise<SettledColumns> {
    const { tracesMax, worker, workers } = this.#options;
    const parameters: SettledTracesParameters = {
      tracesMax,
      worker,
      workers,
      sinceTraceId: "",
      untilTraceId: "",
      quietMs,
      settledMaxMs,
      lookBackMs,
      ...range,
    };
    return new SettledColumns(await this.#store.selectNative(query, parameters));
  }

  #advance(toMs: number, nowMs: number): void {
    this.#watermarkMs = Math.max(this.watermarkMs, toMs);
    // What was asked for long after it settled can't become visible any more: after a pause nothing is read twice.
    this.#seenMs = Math.min(this.watermarkMs, nowMs - overlapMs);
    this.#known.forgetBefore(this.#seenMs);
  }

  /** Stores the progress: who starts again begins at `toMs`, at most the watermark. */
  async record(toMs: number): Promise<void> {
    if (toMs - this.#recordedMs < recordEveryMs) return;
    await this.#store.insertRows("watermarks", [
      { name: this.name, at: this.#now(), value: String(toMs) },
    ]);
    this.#recordedMs = toMs;
  }

  /** Under which progress is recorded. Each worker has its own; another number of workers begins anew where nobody has been. */
  get name(): string {
    const { walk, worker, workers } = this.#options;
    return workers === 1 ? walk : `${walk} ${worker} of ${workers}`;
  }

  async #readWatermark(): Promise<number> {
    const [row] = await this.#store.select<WatermarkRow>(watermarkQuery, { name: this.name });
    this.#recordedMs = row ? Number(row.value) : this.#options.fromMs;
    return this.#recordedMs;
  }
}
