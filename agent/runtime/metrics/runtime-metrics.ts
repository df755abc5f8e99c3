import type { Worker } from "node:worker_threads";
import type { GcKind } from "../gc-pauses.ts";
import { CallDurations } from "./call-durations.ts";
import type { MetricSource } from "./metric.ts";
import { PoolGauges } from "./pool-gauges.ts";
import { ProcessMetrics } from "./process-metrics.ts";
import { ThreadMetrics } from "./thread-metrics.ts";

/** What is measured when metrics are exported. */
export interface RuntimeMetrics {
  /** To be told of every call that has ended. */
  readonly durations: CallDurations;
  /** To be told of every pool of connections. */
  readonly pools: PoolGauges;
  /** All that is measured. */
  readonly sources: readonly MetricSource[];
  /** To be told of every worker thread of the application's that measures, too. */
  followThread(worker: Worker): void;
  /** To be told of every pause of garbage collection. */
  recordGc(kind: GcKind, durationMs: number): void;
}

export function createRuntimeMetrics(): RuntimeMetrics {
  const ofProcess = new ProcessMetrics();
  const durations = new CallDurations();
  const pools = new PoolGauges();
  const ofThreads = new ThreadMetrics();
  return {
    durations,
    pools,
    sources: [() => ofThreads.addTo([ofProcess, durations, pools].flatMap((it) => it.collect()))],
    followThread: (worker) => ofThreads.follow(worker),
    recordGc: (kind, durationMs) => ofProcess.recordGc(kind, durationMs),
  };
}
