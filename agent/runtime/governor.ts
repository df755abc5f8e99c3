import { countDropped, warn } from "../diagnostics.ts";
import type { Sampler } from "../tracing/sampler.ts";
import type { OwnTime } from "./own-time.ts";
import type { Shedding } from "./shedding.ts";

const tickMs = 1_000;
/** So long the cost must be above the limit before more is shed: a start is dear, until the code is compiled. */
const overTicksMin = 3;
/** So long it must be below half of the limit before less is shed … */
const calmTicksFirst = 10;
/** … and longer each time that this was too early. */
const calmTicksMax = 320;
/** More had to be shed within so long: it was too early. */
const relapseTicksMax = 60;
/** 0: nothing, 1: evidence, 2: every second trace, 3: three of four … 7: 63 of 64. */
const levelMax = 7;

export interface GovernorOptions {
  /** Of the event loop's time, without that in which it waited for a CPU; 0 to 1. */
  readonly shareMax: number;
  readonly ownTime: Pick<OwnTime, "totalMs">;
  readonly shedding: Shedding;
  readonly sampler: Sampler;
  /** Milliseconds in which the thread did not wait for a CPU. */
  readonly nowMs: () => number;
}

/**
 * Keeps what the agent takes of the event loop's time below a limit. Above it evidence is shed first, for a span without
 * a call site still counts; then traces, by sampling that says so, so that counts stay right.
 *
 *   above the limit for 3 s ──▶ one level more        between: as it is
 *   below half of it for 10 s, or longer when that was too early before ──▶ one level less
 */
export class Governor {
  readonly #options: GovernorOptions;
  #level = 0;
  #lastMs: number;
  #lastOwnMs: number;
  #overTicks = 0;
  #calmTicks = 0;
  #calmTicksMin = calmTicksFirst;
  #ticksSinceLowered = Number.POSITIVE_INFINITY;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#lastMs = options.nowMs();
    this.#lastOwnMs = options.ownTime.totalMs;
  }

  get level(): number {
    return this.#level;
  }

  /** Looks once a second; keeps no process alive. */
  start(): void {
    setInterval(() => this.tick(), tickMs).unref();
  }

  tick(): void {
    const share = this.#measure();
    const { shareMax } = this.#options;
    this.#ticksSinceLowered += 1;
    this.#overTicks = share > shareMax ? this.#overTicks + 1 : 0;
    this.#calmTicks = share < shareMax / 2 ? this.#calmTicks + 1 : 0;
    if (this.#overTicks >= overTicksMin && this.#level < levelMax) this.#shedMore(share);
    else if (this.#calmTicks >= this.#calmTicksMin && this.#level > 0) this.#shedLess();
    this.#count();
  }

  #measure(): number {
    const nowMs = this.#options.nowMs();
    const ownMs = this.#options.ownTime.totalMs;
    const share = (ownMs - this.#lastOwnMs) / Math.max(nowMs - this.#lastMs, 1);
    this.#lastMs = nowMs;
    this.#lastOwnMs = ownMs;
    return share;
  }

  #shedMore(share: number): void {
    if (this.#ticksSinceLowered <= relapseTicksMax) {
      this.#calmTicksMin = Math.min(this.#calmTicksMin * 2, calmTicksMax);
    } else if (this.#level === 0) this.#calmTicksMin = calmTicksFirst;
    this.#setLevel(this.#level + 1);
    const percent = Math.round(share * 100);
    const what = this.#level === 1 ? "call sites and hashes" : "traces";
    warn(
      `the agent takes ${percent} % of the event loop's time and leaves out ${what} to take less`,
    );
  }

  #shedLess(): void {
    this.#ticksSinceLowered = 0;
    this.#setLevel(this.#level - 1);
  }

  #setLevel(level: number): void {
    this.#level = level;
    this.#overTicks = 0;
    this.#calmTicks = 0;
    this.#options.shedding.isEvidenceShed = level >= 1;
    this.#options.sampler.reduceTo(level <= 1 ? 1 : 2 ** (1 - level));
  }

  /** Once a second rather than with each: a counter costs more than what it counts. */
  #count(): void {
    const { shedding, sampler } = this.#options;
    if (shedding.calls > 0) countDropped("evidence_shed", shedding.calls);
    if (sampler.tracesShed > 0) countDropped("traces_shed", sampler.tracesShed);
    shedding.calls = 0;
    sampler.tracesShed = 0;
  }
}
