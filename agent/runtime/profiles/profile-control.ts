import type { Span } from "@opentelemetry/api";
import { countDropped } from "../../diagnostics.ts";
import type { ThreadListener } from "../../thread/agent-thread.ts";
import type { ThreadReport } from "../../thread/thread-messages.ts";
import { RecordedSpan } from "../../tracing/recorded-span.ts";
import { marking, RequestMarks } from "../../tracing/request-marks.ts";
import type { OpenRequests } from "../open-requests.ts";
import { type GrowingHeap, HeapGrowth } from "./heap-growth.ts";
import type { ProfileRequest } from "./profile-messages.ts";
import { type ProfileBudget, ProfileRules, type ProfileTrigger } from "./profile-rules.ts";

/** The agent's thread, as far as profiles need it. */
interface ProfilingThread {
  listen(listener: ThreadListener): void;
  /** False when it can't be started. */
  start(): boolean;
  /** To be called only while it runs. */
  post(request: ProfileRequest): void;
}

export interface ProfileSettings {
  readonly isContinuous: boolean;
  /** Of one profile; a continuous one is told so often. */
  readonly durationMs: number;
  /** In which the heap's least is taken, and between two profiles of it; 0: it is not watched. */
  readonly heapWindowMs: number;
  /** That asks for a CPU profile. */
  readonly signal: NodeJS.Signals | undefined;
}

const cpuBudget: ProfileBudget = { coolDownMs: 300_000, profilesPerHourMax: 6 };
const heapBudget: ProfileBudget = { coolDownMs: 1_800_000, profilesPerHourMax: 1 };
const intervalUs = 10_000;
const continuousIntervalUs = 20_000;
const marksMax = 32_768;
const continuousMarksMax = 131_072;
const endWaitMs = 200;
/** A busy thread takes a while to begin. */
const startMsMax = 10_000;
const checkIntervalMs = 5_000;
/** So many checks one after the other with a busy event loop: half a minute. */
const busyChecksMin = 6;
const busyMin = 0.9;
/** A request that is slow while the event loop has nothing to do waits for somebody else. */
const slowRouteBusyMin = 0.5;

/**
 * Decides on the application's thread when to take a profile, and has it taken by the agent's thread. What it costs
 * while there is none: a look at the clock of the event loop every 5 s.
 */
export class ProfileControl implements ThreadListener {
  readonly #options: ProfileSettings;
  readonly #thread: ProfilingThread;
  readonly #requests: OpenRequests;
  readonly #rules = new ProfileRules(cpuBudget);
  readonly #heapRules = new ProfileRules(heapBudget);
  readonly #heapGrowth: HeapGrowth | undefined;
  #utilization = performance.eventLoopUtilization();
  #busyShare = 0;
  #busyChecks = 0;
  #isStopped = false;
  /** Of the CPU profile that is being taken. */
  #trigger: ProfileTrigger | undefined;
  #stopTimer: NodeJS.Timeout | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onExit = () => this.#end();
  readonly #onSignal = () => this.take("signal");
  readonly #sessions = new Int32Array(new SharedArrayBuffer(4));
  #heap: { readonly windows: GrowingHeap; isMarked: boolean; dueMs: number } | undefined;

  constructor(options: ProfileSettings, thread: ProfilingThread, requests: OpenRequests) {
    this.#options = options;
    this.#thread = thread;
    this.#requests = requests;
    const { heapWindowMs } = options;
    this.#heapGrowth = heapWindowMs > 0 ? new HeapGrowth(heapWindowMs) : undefined;
    thread.listen(this);
    this.#timer = setInterval(() => this.#check(), checkIntervalMs).unref();
    process.once("exit", this.#onExit);
    if (options.signal !== undefined) process.on(options.signal, this.#onSignal);
    if (options.isContinuous) setImmediate(() => this.take("continuous")).unref();
  }

  /** No profile begins after it; one that is being taken is lost. */
  stop(): void {
    this.#isStopped = true;
    this.#abandon();
    clearInterval(this.#timer);
    process.off("exit", this.#onExit);
    if (this.#options.signal !== undefined) process.off(this.#options.signal, this.#onSignal);
  }

  /** A block of the event loop was told. */
  blocked(): void {
    if (this.#rules.isRecurring("", performance.now())) this.take("event_loop_block");
  }

  /** A request took long. */
  slow(span: Span): void {
    const isRecurring = this.#rules.isRecurring(nameOf(span), performance.now());
    const { utilization } = performance.eventLoopUtilization(this.#utilization);
    const isBusy = Math.max(utilization, this.#busyShare) >= slowRouteBusyMin;
    if (isRecurring && isBusy) this.take("slow_route");
  }

  /** Shortly after a major collection of garbage. */
  collected(): void {
    const nowMs = performance.now();
    if (this.#heap !== undefined) {
      if (nowMs >= this.#heap.dueMs) this.#goOnWithHeap();
      return;
    }
    const windows = this.#heapGrowth?.add(usedHeapBytes(), nowMs);
    if (windows !== undefined && this.#mayStart(this.#heapRules, "heap_growth")) {
      this.#startHeap(windows);
    }
  }

  /** Begins a CPU profile, unless there is a reason against it. */
  take(trigger: ProfileTrigger): void {
    if (!this.#mayStart(this.#rules, trigger)) return;
    const isContinuous = trigger === "continuous";
    this.#thread.post({
      kind: "profile",
      command: "startCpu",
      intervalUs: isContinuous ? continuousIntervalUs : intervalUs,
      sessions: this.#sessions,
    });
    marking.active = new RequestMarks(isContinuous ? continuousMarksMax : marksMax);
    this.#trigger = trigger;
    // Until it is told that it has begun.
    this.#stopIn(this.#options.durationMs + startMsMax);
  }

  onReport({ kind }: ThreadReport): void {
    if (kind === "profileFailed") this.#abandon();
    else if (kind === "profileStarted" && this.#trigger !== undefined) {
      this.#stopIn(this.#options.durationMs);
    }
  }

  onExit(): void {
    this.#abandon();
  }

  /** What was being taken is lost. */
  #abandon(): void {
    clearTimeout(this.#stopTimer);
    marking.active = undefined;
    if (this.#trigger !== undefined) this.#rules.ended(performance.now());
    if (this.#heap !== undefined) this.#heapRules.ended(performance.now());
    this.#trigger = undefined;
    this.#heap = undefined;
  }

  #stopIn(ms: number): void {
    clearTimeout(this.#stopTimer);
    this.#stopTimer = setTimeout(() => this.#stop(), ms).unref();
  }

  /** Without a session left when the process ends: Node would wait for it, and write a line that says so. */
  #end(): void {
    const sessions = this.#sessions;
    if (Atomics.load(sessions, 0) === 0) return;
    this.#thread.post({ kind: "profile", command: "end" });
    const deadlineMs = performance.now() + endWaitMs;
    for (let open = Atomics.load(sessions, 0); open > 0; open = Atomics.load(sessions, 0)) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0 || Atomics.wait(sessions, 0, open, leftMs) === "timed-out") return;
    }
  }

  #mayStart(rules: ProfileRules, trigger: ProfileTrigger): boolean {
    if (this.#isStopped || !rules.mayStart(trigger, performance.now())) return false;
    if (this.#thread.start()) return true;
    rules.ended(performance.now());
    countDropped("profile_failed");
    return false;
  }

  #stop(): void {
    const { active } = marking;
    const trigger = this.#trigger;
    marking.active = undefined;
    this.#trigger = undefined;
    if (active === undefined || trigger === undefined) return;
    for (const span of this.#requests.open()) {
      if (span instanceof RecordedSpan) active.name(span.trace, nameOf(span));
    }
    const marks = active.take();
    const clockOffsetMs = performance.now() - Number(process.hrtime.bigint()) / 1e6;
    const taken = { trigger, marks, clockOffsetMs };
    this.#thread.post({ kind: "profile", command: "stopCpu", taken });
    this.#rules.ended(performance.now());
    if (trigger === "continuous") this.take(trigger);
  }

  #check(): void {
    const before = this.#utilization;
    this.#utilization = performance.eventLoopUtilization();
    this.#busyShare = performance.eventLoopUtilization(this.#utilization, before).utilization;
    // After one that was lost.
    if (this.#options.isContinuous) this.take("continuous");
    this.#busyChecks = this.#busyShare > busyMin ? this.#busyChecks + 1 : 0;
    if (this.#busyChecks < busyChecksMin) return;
    this.#busyChecks = 0;
    this.take("event_loop_utilization");
  }

  /** Two profiles are taken, each after a collection if there is one in time. */
  #startHeap(windows: GrowingHeap): void {
    this.#heap = { windows, isMarked: false, dueMs: 0 };
    this.#thread.post({ kind: "profile", command: "startHeap", sessions: this.#sessions });
    this.#awaitHeap();
  }

  #awaitHeap(): void {
    const heap = this.#heap;
    if (heap === undefined) return;
    const { heapWindowMs } = this.#options;
    heap.dueMs = performance.now() + heapWindowMs;
    const { isMarked } = heap;
    const goOn = () => {
      if (this.#heap === heap && heap.isMarked === isMarked) this.#goOnWithHeap();
    };
    setTimeout(goOn, heapWindowMs * 2).unref();
  }

  #goOnWithHeap(): void {
    const heap = this.#heap;
    if (heap === undefined) return;
    if (!heap.isMarked) {
      heap.isMarked = true;
      this.#thread.post({ kind: "profile", command: "markHeap" });
      this.#awaitHeap();
      return;
    }
    this.#heap = undefined;
    this.#thread.post({ kind: "profile", command: "stopHeap", usedBytes: heap.windows });
    this.#heapRules.ended(performance.now());
  }
}

/** As the span will be named in the end; the route is known before that. */
function nameOf(span: Span): string {
  if (!(span instanceof RecordedSpan)) return "";
  const { name, trace } = span;
  return trace.route === "" || name.endsWith(trace.route) ? name : `${name} ${trace.route}`;
}

/** The module is loaded when it is first asked: at the start it would cost the application time. */
function usedHeapBytes(): number {
  return process.getBuiltinModule("node:v8").getHeapStatistics().used_heap_size;
}
