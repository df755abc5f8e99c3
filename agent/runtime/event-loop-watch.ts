import { Worker } from "node:worker_threads";
import { countDropped, warn } from "../diagnostics.ts";
import { findCulprit, findTypicalStack } from "./block-stack.ts";
import type { AffectedRequest, OpenRequests } from "./open-requests.ts";
import { openRunDelay } from "./run-delay.ts";
import { TimeRing } from "./time-ring.ts";
import {
  type CapturedStack,
  cell,
  cellCount,
  pollIntervalMs,
  type WatchSettings,
} from "./watch-protocol.ts";

/** The event loop stood still; times as of `performance.now()`. */
export interface Block {
  readonly startMs: number;
  readonly endMs: number;
  /** Undefined when none could be taken. */
  readonly stack: CapturedStack | undefined;
  /** Open at any time of it; the first `affectedMax`. */
  readonly requests: readonly AffectedRequest[];
}

interface PendingBlock extends Omit<Block, "stack"> {
  readonly beats: number;
  beatsLeft: number;
}

const beatIntervalMs = 20;
/** A beat that comes a little late says nothing; timers are seldom exact. */
const delayMinMs = 2;
const affectedMax = 100;
/** So long after a block its stacks are waited for: a second. */
const stackBeatsMax = 50;
const watcherMemory = {
  maxOldGenerationSizeMb: 16,
  maxYoungGenerationSizeMb: 2,
  codeRangeSizeMb: 8,
} as const;

export interface EventLoopWatchOptions {
  /** From this duration on a block is told. */
  readonly blockMs: number;
  readonly requests: OpenRequests;
  readonly onBlock: (block: Block) => void;
  /** For how long this thread has waited for a CPU until now; measured unless given. */
  readonly runDelayMs?: (() => number) | undefined;
}

/**
 * Knows when the event loop stood still. A timer beats every 20 ms; how late it comes is how long the loop was held up.
 * A worker takes the stack of the code that holds it up, while it does (`watch-worker.ts`). Neither keeps the process
 * alive; the worker is started with the first request.
 */
export class EventLoopWatch {
  readonly #options: EventLoopWatchOptions;
  readonly #cells = new Int32Array(new SharedArrayBuffer(cellCount * 4));
  readonly #delays = new TimeRing();
  readonly #timer: NodeJS.Timeout;
  readonly #end = () => this.stop();
  readonly #runDelayMs: (() => number) | undefined;
  #dueMs = performance.now() + beatIntervalMs;
  #waitedMs = 0;
  #polls = 0;
  #watcher: Worker | undefined;
  #pending: PendingBlock[] = [];
  #stacks: CapturedStack[] = [];

  constructor(options: EventLoopWatchOptions) {
    this.#options = options;
    this.#runDelayMs = options.runDelayMs ?? openRunDelay();
    this.#waitedMs = this.#runDelayMs?.() ?? 0;
    this.#timer = setInterval(culpritHeartbeat, beatIntervalMs, () => this.#beat()).unref();
    process.once("exit", this.#end);
  }

  /** How long between the two the loop was held up, what holds it up at this moment included. */
  delayMs(startMs: number, endMs: number): number {
    const nowMs = performance.now();
    const heldUpMs = nowMs - this.#dueMs;
    const currentMs =
      heldUpMs < delayMinMs ? 0 : Math.min(nowMs, endMs) - Math.max(this.#dueMs, startMs);
    return this.#delays.overlapMs(startMs, endMs) + Math.max(0, currentMs);
  }

  /** Starts the worker; does nothing when it runs. */
  startWatcher(): void {
    if (this.#watcher !== undefined) return;
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    const settings: WatchSettings = {
      cells: this.#cells,
      // Early, so that a block that is just long enough to be told has a stack.
      stallMs: Math.max(this.#options.blockMs * 0.75, 2 * beatIntervalMs),
    };
    try {
      // Bare: flags such as --require would start another agent in it.
      this.#watcher = new Worker(new URL(`./watch-worker${extension}`, import.meta.url), {
        name: "culprit-watch",
        workerData: settings,
        env: {},
        execArgv: [],
        resourceLimits: watcherMemory,
      });
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#watcher
      .on("message", (stack: CapturedStack) => this.#stacks.push(stack))
      .on("error", (error) => this.#fail(error))
      // Last: a listener for messages holds the process.
      .unref();
  }

  stop(): void {
    Atomics.store(this.#cells, cell.isEnding, 1);
    clearInterval(this.#timer);
    process.off("exit", this.#end);
  }

  #beat(): void {
    const nowMs = performance.now();
    const startMs = this.#dueMs;
    this.#dueMs = nowMs + beatIntervalMs;
    const beats = Atomics.add(this.#cells, cell.beats, 1);
    const lateMs = nowMs - startMs;
    const starvedMs = this.#starvedMs(lateMs);
    if (lateMs >= delayMinMs) this.#delays.add(startMs, nowMs);
    if (lateMs >= this.#options.blockMs) {
      if (lateMs - starvedMs < this.#options.blockMs) countDropped("process_was_stopped");
      else this.#addBlock(startMs, nowMs, beats);
    }
    this.#options.requests.forgetEnded();
    this.#tell();
  }

  /**
   * What of the time since the last beat no code of the process is to blame for: this thread waited for a CPU, or the
   * worker stood still as well, and with it whatever it had paused.
   */
  #starvedMs(lateMs: number): number {
    const waitedMs = this.#runDelayMs?.() ?? 0;
    const polls = Atomics.load(this.#cells, cell.polls);
    const ownWaitMs = waitedMs - this.#waitedMs;
    const missedPolls = lateMs / pollIntervalMs - (polls - this.#polls);
    // A worker that has not polled yet is still starting.
    const workerWaitMs = this.#polls > 0 ? missedPolls * pollIntervalMs : 0;
    this.#waitedMs = waitedMs;
    this.#polls = polls;
    return Math.max(ownWaitMs, workerWaitMs);
  }

  #addBlock(startMs: number, endMs: number, beats: number): void {
    const requests = this.#options.requests.during(startMs, endMs, affectedMax);
    if (requests.length === 0) return;
    const beatsLeft = this.#watcher === undefined ? 0 : stackBeatsMax;
    this.#pending.push({ startMs, endMs, beats, requests, beatsLeft });
  }

  /** Stacks come by message, so after the block. Told is a block once all stacks that were begun are here. */
  #tell(): void {
    const captures = Atomics.load(this.#cells, cell.captures);
    if (captures === 0 && this.#pending.length === 0) return;
    const isComplete = this.#stacks.length >= captures;
    const isTold = (block: PendingBlock) => isComplete || --block.beatsLeft < 0;
    const { told = [], waiting = [] } = Object.groupBy(this.#pending, (block) =>
      isTold(block) ? "told" : "waiting",
    );
    this.#pending = waiting;
    for (const { startMs, endMs, requests, beats } of told) {
      const stacks = this.#stacks.filter(
        (stack) => stack.beats === beats && findCulprit(stack.frames) !== undefined,
      );
      this.#options.onBlock({ startMs, endMs, requests, stack: findTypicalStack(stacks) });
    }
    if (waiting.length > 0 || !(isComplete || told.length > 0)) return;
    this.#stacks = [];
    Atomics.sub(this.#cells, cell.captures, captures);
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    countDropped("event_loop_watch_failed");
    warn(`blocks of the event loop are told without the code that blocks: ${reason}`);
  }
}

/** Known by its name to the worker: a stack with it is of no block. */
function culpritHeartbeat(beat: () => void): void {
  beat();
}
