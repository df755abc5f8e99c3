import { countDropped, warn } from "../diagnostics.ts";
import type { AgentThread, ThreadListener } from "../thread/agent-thread.ts";
import type { ThreadReport } from "../thread/thread-messages.ts";
import { findCulprit, findTypicalStack } from "./block-stack.ts";
import type { AffectedRequest, OpenRequests } from "./open-requests.ts";
import { openRunDelay } from "./run-delay.ts";
import { TimeRing } from "./time-ring.ts";
import { beatIntervalMs, type CapturedStack, cell, type WatchSettings } from "./watch-protocol.ts";

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

/** A beat that comes a little late says nothing; timers are seldom exact. */
const delayMinMs = 2;
const affectedMax = 100;
/** So long after a block its stacks are waited for: a second. */
const stackBeatsMax = 50;
/** Without a request for two seconds it rests: a process that has nothing to do is not woken. */
const idleBeatsMax = 100;

export interface EventLoopWatchOptions {
  readonly settings: WatchSettings;
  readonly requests: OpenRequests;
  readonly onBlock: (block: Block) => void;
  /** Takes the stacks; undefined: blocks are told without. */
  readonly thread?: AgentThread | undefined;
  /** For how long this thread has waited for a CPU until now; measured unless given. */
  readonly runDelayMs?: (() => number) | undefined;
}

/**
 * Knows when the event loop stood still. While there are requests a timer beats every 20 ms; how late it comes is how
 * long the loop was held up. The agent's thread takes the stack of the code that holds it up, while it does
 * (`watch-main-thread.ts`). Nothing here keeps the process alive.
 */
export class EventLoopWatch implements ThreadListener {
  readonly #options: EventLoopWatchOptions;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #delays = new TimeRing();
  /** Undefined while it rests. */
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #end = () => this.stop();
  readonly #runDelayMs: (() => number) | undefined;
  #dueMs = 0;
  #idleBeats = 0;
  #isStopped = false;
  #waitedMs = 0;
  #threadLateMs = 0;
  #pending: PendingBlock[] = [];
  #stacks: CapturedStack[] = [];

  constructor(options: EventLoopWatchOptions) {
    this.#options = options;
    this.#cells = options.settings.cells;
    options.thread?.listen(this);
    this.#runDelayMs = options.runDelayMs ?? openRunDelay();
    Atomics.store(this.#cells, cell.isResting, 1);
    process.once("exit", this.#end);
  }

  /** To be called when a request begins, with the time as of `performance.now()`. */
  wake(nowMs: number): void {
    this.#idleBeats = 0;
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#dueMs = nowMs + beatIntervalMs;
    this.#waitedMs = this.#runDelayMs?.() ?? 0;
    Atomics.store(this.#cells, cell.beatAtMs, Math.round(nowMs) | 0);
    Atomics.add(this.#cells, cell.beats, 1);
    Atomics.store(this.#cells, cell.isResting, 0);
    this.#timer = setInterval(culpritHeartbeat, beatIntervalMs, () => this.#beat()).unref();
    this.#options.thread?.post({ kind: "watch" });
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    Atomics.store(this.#cells, cell.isResting, 1);
  }

  /** Whether something holds the loop up at this moment. */
  isLate(nowMs: number): boolean {
    return this.#timer !== undefined && nowMs - this.#dueMs >= delayMinMs;
  }

  /** How long between then and now the loop was held up, what holds it up at this moment included. */
  delayMs(startMs: number, nowMs: number): number {
    const currentMs = this.isLate(nowMs) ? nowMs - Math.max(this.#dueMs, startMs) : 0;
    return this.#delays.overlapMs(startMs, nowMs) + Math.max(0, currentMs);
  }

  onReport(report: ThreadReport): void {
    if (report.kind === "stack") this.#stacks.push(report.stack);
    else if (report.kind === "watchFailed") this.#fail(report.reason);
  }

  onExit(): void {
    Atomics.store(this.#cells, cell.lookAtMs, 0);
    Atomics.store(this.#cells, cell.captures, 0);
    this.#stacks = [];
    countDropped("event_loop_watch_failed");
  }

  stop(): void {
    Atomics.store(this.#cells, cell.isEnding, 1);
    this.#isStopped = true;
    this.#rest();
    process.off("exit", this.#end);
  }

  #beat(): void {
    const nowMs = performance.now();
    const startMs = this.#dueMs;
    this.#dueMs = nowMs + beatIntervalMs;
    Atomics.store(this.#cells, cell.beatAtMs, Math.round(nowMs) | 0);
    const beats = Atomics.add(this.#cells, cell.beats, 1);
    const lateMs = nowMs - startMs;
    const starvedMs = this.#starvedMs(nowMs);
    if (lateMs >= delayMinMs) this.#delays.add(startMs, nowMs);
    const { blockMs } = this.#options.settings;
    if (lateMs >= blockMs) {
      if (lateMs - starvedMs < blockMs) countDropped("process_was_stopped");
      else this.#addBlock(startMs, nowMs, beats);
    }
    this.#options.requests.forgetEnded();
    this.#tell();
    this.#idleBeats += 1;
    if (this.#idleBeats < idleBeatsMax || this.#pending.length > 0) return;
    if (this.#options.requests.isEmpty) this.#rest();
  }

  /**
   * What of the time since the last beat no code of the process is to blame for: this thread waited for a CPU, or the
   * other thread stood still as well, and with it whatever it had paused.
   */
  #starvedMs(nowMs: number): number {
    const waitedMs = this.#runDelayMs?.() ?? 0;
    const ownWaitMs = waitedMs - this.#waitedMs;
    this.#waitedMs = waitedMs;
    const threadLateMs = Atomics.load(this.#cells, cell.lateMs);
    const lookAtMs = Atomics.load(this.#cells, cell.lookAtMs);
    // What it is late by at this moment it will only add when it runs.
    const isLateByMs = lookAtMs === 0 ? 0 : Math.max(0, (Math.round(nowMs) - lookAtMs) | 0);
    const threadWaitMs = threadLateMs - this.#threadLateMs + isLateByMs;
    this.#threadLateMs = threadLateMs;
    return Math.max(ownWaitMs, threadWaitMs);
  }

  #addBlock(startMs: number, endMs: number, beats: number): void {
    const requests = this.#options.requests.during(startMs, endMs, affectedMax);
    if (requests.length === 0) return;
    const beatsLeft = this.#options.thread?.isRunning ? stackBeatsMax : 0;
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

  #fail(reason: string): void {
    countDropped("event_loop_watch_failed");
    warn(`blocks of the event loop are told without the code that blocks: ${reason}`);
  }
}

/** Known by its name to the watching thread: a stack with it is of no block. */
function culpritHeartbeat(beat: () => void): void {
  beat();
}
