import { createRequire } from "node:module";
import { type Config, withOtelDefaults } from "./config.ts";
import { countDropped } from "./diagnostics.ts";
import type { HashParams } from "./evidence/params-hash.ts";
import { type ResourceSettings, toResourceAttributes } from "./export/resource-attributes.ts";
import type { createContrib } from "./instrumentations/contrib.ts";
import type { SlowStatements } from "./plans/slow-statements.ts";
import type { createFastMetrics, FastMetrics } from "./runtime/metrics/fast-metrics.ts";
import type { RuntimeMetrics } from "./runtime/metrics/runtime-metrics.ts";
import type { createWorkerMetrics } from "./runtime/metrics/worker-metrics.ts";
import type { AgentThread } from "./thread/agent-thread.ts";

/** What is loaded only when a setting asks for it: each is a bundle of its own beside the agent's (`build.ts`). */
const load = (file: string) => createRequire(import.meta.url)(file);

export function loadMetrics(config: Config, resource: ResourceSettings): FastMetrics | undefined {
  const metricExporters = config.metricExporters ?? [];
  if (metricExporters.length === 0) return undefined;
  const loaded: { createFastMetrics: typeof createFastMetrics } = load("./fast-metrics.cjs");
  const options = { ...config, metricExporters };
  return withOtelDefaults(() => loaded.createFastMetrics(options, toResourceAttributes(resource)));
}

export function loadSlowStatements(
  config: Config,
  thread: AgentThread,
): SlowStatements | undefined {
  if (!config.arePlansTaken) return undefined;
  const loaded: { SlowStatements: typeof SlowStatements } = load("./slow-statements.cjs");
  return new loaded.SlowStatements(thread, () => countDropped("plan_failed"));
}

export function loadWorkerMetrics(config: Config): RuntimeMetrics | undefined {
  if (!config.metricExporters?.length) return undefined;
  const loaded: { createWorkerMetrics: typeof createWorkerMetrics } = load("./worker-metrics.cjs");
  return loaded.createWorkerMetrics(config.metricIntervalMs);
}

export function loadContrib(config: Config, hashParams: HashParams): (name: string) => void {
  const loaded: { createContrib: typeof createContrib } = load("./contrib.cjs");
  return loaded.createContrib(config, hashParams);
}
