import type { Worker } from "node:worker_threads";
import type { GcKind } from "../gc-pauses.ts";
import { CallDurations } from "./call-durations.ts";
import type { MetricSource } from "./metric.ts";
import { PoolGauges } from "./pool-gauges.ts";
import { ProcessMetrics } from "./process-metrics.ts";

/** What is measured when metrics are exported. */
export interface RuntimeMetrics {
  /** To be told of every call that has ended. */
  readonly durations: CallDurations;
  /** To be told of every pool of connections. */
  readonly pools: PoolGauges;
  /** All that is measured. */
  readonly sources: readonly MetricSource[];
  /** To be told of the application's worker threads, by their number. */
  followThreads(threads: ReadonlyMap<number, Worker>): void;
  /** To be told of every pause of garbage collection. */
  recordGc(kind: GcKind, durationMs: number): void;
}

export function createRuntimeMetrics(): RuntimeMetrics {
  const ofProcess = new ProcessMetrics();
  const durations = new CallDurations();
  const pools = new PoolGauges();
  return {
    durations,
    pools,
    sources: [ofProcess, durations, pools].map((it) => () => it.collect()),
    followThreads: (threads) => ofProcess.followThreads(threads),
    recordGc: (kind, durationMs) => ofProcess.recordGc(kind, durationMs),
  };
}
