import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { toText, warn } from "../diagnostics.ts";
import type { ThreadReport, ThreadRequest, ThreadSettings } from "./thread-messages.ts";

/** A thread that ends again and again is not started for ever. */
const startsMax = 5;
/**
 * Its queue of spans lies outside of this heap, and has its own limit. The young generation is small, so that bodies
 * which are done with are soon found.
 */
const resourceLimits = {
  maxOldGenerationSizeMb: 48,
  maxYoungGenerationSizeMb: 2,
  codeRangeSizeMb: 8,
} as const;

export interface ThreadListener {
  onReport(report: ThreadReport): void;
  /** The thread has ended by an error. What it held is gone; the next start is another one. */
  onExit(): void;
}

/**
 * The application's end of the one thread that the agent has: it compresses, retries and sends spans, and watches the
 * event loop. A second one would take as much memory again, whatever it does. It starts with the first request or the
 * first chunk of spans, so that a process that has neither has none, and it keeps no process alive.
 */
export class AgentThread {
  readonly #file: string;
  readonly #settings: ThreadSettings;
  readonly #listeners: ThreadListener[] = [];
  #worker: Worker | undefined = undefined;
  #starts = 0;

  /** `file` runs the thread: `agent-worker.ts`, built. */
  constructor(file: string, settings: ThreadSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  is(worker: Worker): boolean {
    return worker === this.#worker;
  }

  listen(listener: ThreadListener): void {
    this.#listeners.push(listener);
  }

  /** Does nothing while it runs. False when it can't be started. */
  start(): boolean {
    if (this.#worker !== undefined) return true;
    if (this.#starts >= startsMax) return false;
    this.#starts += 1;
    try {
      this.#worker = this.#createWorker();
    } catch (error) {
      // Node may start no thread, by its permissions (`--permission`).
      this.#onError(error);
    }
    return this.#worker !== undefined;
  }

  /** It does not start again; spans that it holds are gone. */
  stop(): void {
    this.#starts = startsMax;
    void this.#worker?.terminate();
  }

  /** To be called only while it runs. Nothing is given away with it: `ChunkSlot` says what that would cost the application. */
  post(request: ThreadRequest): void {
    this.#worker?.postMessage(request);
  }

  #createWorker(): Worker {
    const threads = process.getBuiltinModule("node:worker_threads");
    // Neither the application's flags, which may hold us or a loader, nor its environment are this thread's.
    const worker = new threads.Worker(this.#file, {
      workerData: this.#settings,
      execArgv: [],
      env: {},
      resourceLimits,
      name: "culprit",
    });
    worker.on("message", (report: ThreadReport) => {
      for (const listener of this.#listeners) listener.onReport(report);
    });
    worker.on("error", (error) => this.#onError(error));
    worker.on("exit", () => {
      this.#worker = undefined;
      for (const listener of this.#listeners) listener.onExit();
    });
    // Last: a listener for messages holds the process.
    worker.unref();
    return worker;
  }

  #onError(error: unknown): void {
    warn(`the agent's thread failed: ${toText(error)}`);
  }
}

/** Where the built agent has the code of its thread. */
export function agentWorkerFile(folder: string): string {
  return join(folder, "agent-worker.cjs");
}
