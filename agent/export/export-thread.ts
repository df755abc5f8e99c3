import { Worker } from "node:worker_threads";
import { countDropped, toText, warn } from "../diagnostics.ts";
import type { ExportReport, ExportSettings } from "./export-service.ts";
import type { ChunkExchange } from "./span-buffer.ts";
import type { SpanChunk } from "./span-chunk.ts";

/** About a thousand spans. */
export const bufferBytes = 256 * 1024;
/** Filled, under way and empty together. */
const buffersMax = 6;
const startsMax = 5;
/** Its queue of spans lies outside of this heap, and has its own limit. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/**
 * The application's end of the one thread that compresses, retries and sends. It starts with the first chunk, so that a
 * process that makes no span has none, and it keeps no process alive.
 */
export class ExportThread implements ChunkExchange {
  readonly #file: string;
  readonly #settings: ExportSettings;
  readonly #empty: ArrayBuffer[] = [];
  readonly #flushes = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #worker: Worker | undefined = undefined;
  #starts = 0;
  #flushId = 0;
  /** Whether the thread may hold spans: a process that has finished its work is kept only then. */
  #isHolding = false;
  /** Buffers that exist, the one that is filled included. */
  #buffers = 1;

  /** `file` runs the thread: `export-worker.ts`, built. */
  constructor(file: string, settings: ExportSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  get hasRoom(): boolean {
    return this.#empty.length > 0 || this.#buffers < buffersMax;
  }

  exchange(chunk: SpanChunk): Buffer | undefined {
    const next = this.#empty.pop() ?? this.#createBuffer();
    const worker = this.#worker ?? this.#start();
    if (next === undefined || worker === undefined) {
      if (next !== undefined) this.#empty.push(next);
      return undefined;
    }
    this.#isHolding = true;
    worker.postMessage({ kind: "spans", chunk }, [chunk.bytes]);
    return Buffer.from(next);
  }

  /** Rejects when the collector did not take everything. */
  flush(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined || !this.#isHolding) return Promise.resolve();
    this.#flushId += 1;
    // Set again when the thread says so, or by the next chunk.
    this.#isHolding = false;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#flushes.set(this.#flushId, { resolve, reject });
    worker.postMessage({ kind: "flush", id: this.#flushId });
    return promise;
  }

  #createBuffer(): ArrayBuffer | undefined {
    if (this.#buffers >= buffersMax) return undefined;
    this.#buffers += 1;
    return new ArrayBuffer(bufferBytes);
  }

  #start(): Worker | undefined {
    if (this.#starts >= startsMax) return undefined;
    this.#starts += 1;
    const worker = this.#createWorker();
    if (worker === undefined) return undefined;
    worker.on("message", (report: ExportReport) => this.#onReport(report));
    worker.on("error", (error) => warn(`the export thread failed: ${error.message}`));
    worker.on("exit", () => this.#onExit());
    // Last: a listener for messages holds the process.
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  /** Undefined where Node may start no thread, by its permissions (`--permission`). */
  #createWorker(): Worker | undefined {
    try {
      // Neither the application's flags, which may hold us or a loader, nor its environment are this thread's.
      return new Worker(this.#file, {
        workerData: this.#settings,
        execArgv: [],
        env: {},
        resourceLimits,
        name: "culprit-export",
      });
    } catch (error) {
      warn(`the thread that sends spans can't start: ${toText(error)}`);
      return undefined;
    }
  }

  #onReport(report: ExportReport): void {
    if (report.kind === "empty") this.#empty.push(report.bytes);
    else if (report.kind === "warning") warn(report.message);
    else if (report.kind === "dropped") countDropped(report.reason, report.spans);
    else this.#settle(report.id, report.isEmpty);
  }

  #settle(id: number, isEmpty: boolean): void {
    const flush = this.#flushes.get(id);
    this.#flushes.delete(id);
    if (!isEmpty) this.#isHolding = this.#worker !== undefined;
    if (isEmpty) flush?.resolve();
    else flush?.reject(new Error("the collector did not take every span"));
  }

  /** What it held is gone; the next chunk starts another one. */
  #onExit(): void {
    this.#worker = undefined;
    this.#buffers = 1 + this.#empty.length;
    for (const id of this.#flushes.keys()) this.#settle(id, false);
  }
}
