import { countDropped, warn } from "../diagnostics.ts";
import type { AgentThread, ThreadListener } from "../thread/agent-thread.ts";
import type { ThreadReport } from "../thread/thread-messages.ts";
import { ChunkSlot } from "./chunk-slot.ts";
import type { ChunkSink } from "./span-buffer.ts";
import type { SpanChunk } from "./span-chunk.ts";

/** Under way and free together. */
const slotsMax = 11;
/**
 * Handed over together, when each is full: a message that wakes the thread costs both threads more than what the thread
 * does with a chunk, for all code of it is cold.
 */
const chunksAtOnce = 2;
/** So long a full chunk waits for the next one. */
const waitMs = 1_000;

type SpanThread = Pick<AgentThread, "isRunning" | "listen" | "post" | "start">;

/**
 * Hands chunks of spans to the agent's thread:
 *
 *   chunk ── copied ──▶ slot ── two of them: a message ──▶ agent's thread
 *                         ▲────────── a word in it ────────────┘
 */
export class ChunkExport implements ChunkSink, ThreadListener {
  readonly #thread: SpanThread;
  /** As in `ExportSettings`. */
  readonly #held: Int32Array<SharedArrayBuffer>;
  readonly #slots: ChunkSlot[] = [];
  /** Full, and not handed over yet. */
  #waiting: SpanChunk[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #flushes = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #flushId = 0;
  /** Whether the thread may hold spans: a process that has finished its work is kept only then. */
  #isHolding = false;

  constructor(thread: SpanThread, held: Int32Array<SharedArrayBuffer>) {
    this.#thread = thread;
    this.#held = held;
    thread.listen(this);
  }

  get hasRoom(): boolean {
    return this.#slots.length < slotsMax || this.#freeSlot() !== undefined;
  }

  take(chunk: SpanChunk): boolean {
    if (!this.hasRoom || !this.#thread.start()) return false;
    const slot = this.#freeSlot() ?? this.#createSlot();
    this.#isHolding = true;
    Atomics.add(this.#held, 0, chunk.spans);
    this.#waiting.push({ ...chunk, bytes: slot.fill(chunk.bytes) });
    if (!chunk.isFilled || this.#waiting.length >= chunksAtOnce) this.#handOver();
    else this.#timer ??= setTimeout(() => this.#handOver(), waitMs).unref();
    return true;
  }

  #freeSlot(): ChunkSlot | undefined {
    return this.#slots.find(({ isFree }) => isFree);
  }

  #createSlot(): ChunkSlot {
    const slot = new ChunkSlot();
    this.#slots.push(slot);
    return slot;
  }

  #handOver(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#thread.post({ kind: "spans", chunks });
  }

  /** A worker thread has ended, and may have handed over spans of which the agent's thread has said nothing yet. */
  workerEnded(): void {
    this.#isHolding = true;
  }

  /** Rejects when the collector did not take everything. */
  flush(): Promise<void> {
    if (!this.#thread.isRunning || !this.#isHolding) return Promise.resolve();
    this.#handOver();
    this.#flushId += 1;
    // Set again when the thread says so, or by the next chunk.
    this.#isHolding = false;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#flushes.set(this.#flushId, { resolve, reject });
    this.#thread.post({ kind: "flush", id: this.#flushId });
    return promise;
  }

  onReport(report: ThreadReport): void {
    if (report.kind === "holding") this.#isHolding = true;
    else if (report.kind === "warning") warn(report.message);
    else if (report.kind === "dropped") countDropped(report.reason, report.spans);
    else if (report.kind === "flushed") this.#settle(report.id, report.isEmpty);
  }

  onExit(): void {
    const lost = Atomics.exchange(this.#held, 0, 0);
    if (lost > 0) countDropped("thread_ended", lost);
    this.#waiting = [];
    for (const slot of this.#slots) slot.free();
    for (const id of this.#flushes.keys()) this.#settle(id, false);
  }

  #settle(id: number, isEmpty: boolean): void {
    const flush = this.#flushes.get(id);
    this.#flushes.delete(id);
    if (!isEmpty) this.#isHolding = this.#thread.isRunning;
    if (isEmpty) flush?.resolve();
    else flush?.reject(new Error("the collector did not take every span"));
  }
}
