import { createRuntimeMetrics, type RuntimeMetrics } from "./runtime-metrics.ts";
import { reportToMainThread } from "./thread-metrics.ts";

/** For a worker thread; loaded when metrics are asked for. */
export function createWorkerMetrics(intervalMs: number): RuntimeMetrics {
  const measured = createRuntimeMetrics();
  reportToMainThread(measured.sources, intervalMs);
  return measured;
}
