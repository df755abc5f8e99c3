import { type Config, withOtelDefaults } from "./config.ts";
import { countDropped } from "./diagnostics.ts";
import type { HashParams } from "./evidence/params-hash.ts";
import type { SqlComments } from "./evidence/sql-comment.ts";
import type { ResourceSettings } from "./export/resource-attributes.ts";
import { moduleClass } from "./module-class.ts";
import type { SlowStatements } from "./plans/slow-statements.ts";
import type { FastMetrics } from "./runtime/metrics/fast-metrics.ts";
import type { RuntimeMetrics } from "./runtime/metrics/runtime-metrics.ts";
import type { AgentThread } from "./thread/agent-thread.ts";
import type { TailDecision } from "./tracing/tail-decision.ts";
import type { ScopeSink } from "./tracing/tracing.ts";

/** Files beside the agent's own (`build.ts`), for few applications need more than some of them: V8 reads what is not used as well. */
interface Parts {
  readonly contrib: typeof import("./instrumentations/contrib.ts");
  readonly "fast-metrics": typeof import("./runtime/metrics/fast-metrics.ts");
  readonly "slow-statements": typeof import("./plans/slow-statements.ts");
  readonly "worker-metrics": typeof import("./runtime/metrics/worker-metrics.ts");
  readonly express: typeof import("./instrumentations/express.ts");
  readonly fastify: typeof import("./instrumentations/fastify.ts");
  readonly hapi: typeof import("./instrumentations/hapi.ts");
  readonly ioredis: typeof import("./instrumentations/ioredis.ts");
  readonly koa: typeof import("./instrumentations/koa.ts");
  readonly nest: typeof import("./instrumentations/nest.ts");
  readonly "http2-client": typeof import("./instrumentations/http2-client.ts");
  readonly "http2-server": typeof import("./instrumentations/http2-server.ts");
  readonly redis: typeof import("./instrumentations/redis.ts");
  readonly pg: typeof import("./instrumentations/pg.ts");
  readonly mysql2: typeof import("./instrumentations/mysql2.ts");
  readonly mongodb: typeof import("./instrumentations/mongodb.ts");
  readonly "sql-comment": typeof import("./evidence/sql-comment.ts");
  readonly "tail-decision": typeof import("./tracing/tail-decision.ts");
  readonly "worker-chunks": typeof import("./export/worker-chunks.ts");
  readonly "connection-pools": typeof import("./instrumentations/connection-pools.ts");
}

export function load<Name extends keyof Parts>(name: Name): Parts[Name] {
  return moduleClass.createRequire(import.meta.filename)(`./${name}.cjs`);
}

export function loadMetrics(config: Config, resource: ResourceSettings): FastMetrics | undefined {
  const metricExporters = config.metricExporters ?? [];
  if (metricExporters.length === 0) return undefined;
  const { createFastMetrics } = load("fast-metrics");
  const options = { ...config, metricExporters };
  return withOtelDefaults(() => createFastMetrics(options, resource));
}

export function loadSlowStatements(
  config: Config,
  thread: AgentThread,
): SlowStatements | undefined {
  if (!config.arePlansTaken) return undefined;
  return new (load("slow-statements").SlowStatements)(thread, () => countDropped("plan_failed"));
}

export function loadSqlComments(
  config: Config,
  resource: ResourceSettings,
): SqlComments | undefined {
  if (!config.isSqlCommented) return undefined;
  return load("sql-comment").createSqlComments(resource);
}

export function loadTailDecision({ tailRatio }: Config, sink: ScopeSink): TailDecision | undefined {
  if (tailRatio >= 1) return undefined;
  return new (load("tail-decision").TailDecision)(sink, tailRatio);
}

export function loadWorkerMetrics(config: Config): RuntimeMetrics | undefined {
  if (!config.metricExporters?.length) return undefined;
  return load("worker-metrics").createWorkerMetrics(config.metricIntervalMs);
}

export function loadContrib(config: Config, hashParams: HashParams): (name: string) => void {
  return load("contrib").createContrib(config, hashParams);
}
