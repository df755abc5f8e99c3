import { extname, join } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import { toPortChannel } from "../../storage/port-channel.ts";
import { serveStore } from "../../storage/remote.ts";
import type { StoreCalls } from "../../storage/store-calls.ts";
import { traceDetectors, windowDetectors } from "../index.ts";
import type { Finding } from "../model/finding.ts";
import { type AnalysisCounters, createAnalysisCounters } from "./analysis-counters.ts";
import type { AnalyzerMessage, AnalyzerWorkerData } from "./analyzer-messages.ts";
import type { AnalyzerShare } from "./settled.ts";

export interface AnalyzerOptions {
  /** The worker asks the store through these. */
  readonly calls: StoreCalls;
  /** Called for every finding that is new or changed, once it is stored. */
  readonly onFinding: (finding: Finding) => void;
  readonly log: (line: string) => void;
  /** Which of several analyzers this is; alone unless told. */
  readonly share?: AnalyzerShare | undefined;
  /** Nothing is asked before this resolves: until there are tables each question would be an error. */
  readonly ready?: Promise<void>;
}

export interface Analyzer {
  /** At most a second old. */
  counters(): AnalysisCounters;
  /** Detectors in use, by id and title. */
  readonly detectors: readonly { readonly id: string; readonly title: string }[];
  /** Times that the worker was started again after a crash. */
  restarts(): number;
  close(): Promise<void>;
}

/** Finds nothing: for a process that only receives, stores and shows. */
export const noAnalyzer: Analyzer = {
  counters: () => createAnalysisCounters([]),
  detectors: [],
  restarts: () => 0,
  close: () => Promise.resolve(),
};

/** From the sources the worker is TypeScript, from the build JavaScript. */
const workerFile = join(import.meta.dirname, `analyzer-worker${extname(import.meta.filename)}`);
/**
 * V8 would take up to twice as much on a large machine, and be hardly faster for it. The old generation is several times what
 * the largest samples take; without a limit V8 lets garbage grow to more than what is in use before it collects.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 1_024 };
/** A crash that comes again and again is not repeated faster than this … */
const restartAfterMsMin = 1_000;
/** … and slower each time, up to this. */
const restartAfterMsMax = 60_000;

/** Starts the analyzers in a thread of their own; a crash of the thread is logged, counted and followed by a restart. */
export function startAnalyzer(options: AnalyzerOptions): Analyzer {
  const { calls, onFinding, log, share, ready = Promise.resolve() } = options;
  const detectors = [...traceDetectors, ...windowDetectors].map(({ meta }) => meta);
  let counters = createAnalysisCounters(detectors.map(({ id }) => id));
  let restarts = 0;
  let isClosed = false;
  let restartAfterMs = restartAfterMsMin;
  let restartTimer: NodeJS.Timeout | undefined;
  let worker: Worker | undefined;
  ready.then(
    () => {
      if (!isClosed) worker = startWorker();
    },
    // Whoever has promised it tells why.
    () => undefined,
  );

  function startWorker(): Worker {
    const { port1, port2 } = new MessageChannel();
    serveStore(calls, toPortChannel(port1));
    const started = new Worker(workerFile, {
      workerData: { storePort: port2, share } satisfies AnalyzerWorkerData,
      transferList: [port2],
      resourceLimits,
    });
    started.on("message", receive);
    started.on("error", (error) => log(`the analyzer crashed: ${error.stack ?? error}`));
    started.on("exit", () => {
      port1.close();
      if (isClosed) return;
      restarts++;
      restartTimer = setTimeout(() => {
        worker = startWorker();
      }, restartAfterMs);
      restartAfterMs = Math.min(restartAfterMsMax, restartAfterMs * 2);
    });
    return started;
  }

  function receive(message: AnalyzerMessage): void {
    if (isClosed) return;
    if (message.kind === "finding") onFinding(message.finding);
    else if (message.kind === "log") log(message.line);
    else receiveCounters(message.counters);
  }

  function receiveCounters(received: AnalysisCounters): void {
    if (received.runs > 1) restartAfterMs = restartAfterMsMin;
    counters = received;
  }

  return {
    counters: () => counters,
    detectors,
    restarts: () => restarts,
    close: async () => {
      isClosed = true;
      clearTimeout(restartTimer);
      await worker?.terminate();
    },
  };
}
