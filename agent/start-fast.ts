import { context, metrics as metricsApi, propagation, trace } from "@opentelemetry/api";
import { type Config, withOtelDefaults } from "./config.ts";
import { showErrorsAsWarnings, warn } from "./diagnostics.ts";
import { CallSiteRules } from "./evidence/call-site-rules.ts";
import { createCapturedHeaders } from "./evidence/captured-headers.ts";
import { createParamsHash, type HashParams } from "./evidence/params-hash.ts";
import { ChunkExport } from "./export/chunk-export.ts";
import { flushAtExit } from "./export/flush-at-exit.ts";
import type { ResourceSettings } from "./export/resource-attributes.ts";
import { type ChunkSink, SpanBuffer } from "./export/span-buffer.ts";
import { bufferBytes } from "./export/span-chunk.ts";
import { contribOf } from "./instrumentations/contrib-packages.ts";
import { instrumentFrameworks } from "./instrumentations/frameworks.ts";
import { unloadInstrumentations } from "./instrumentations/guard.ts";
import { instrumentHttpClient } from "./instrumentations/http-client.ts";
import { instrumentHttpServer } from "./instrumentations/http-server.ts";
import { instrumentDatabases } from "./instrumentations/instrument-databases.ts";
import { instrumentHttp2 } from "./instrumentations/instrument-http2.ts";
import { isOwnVersion } from "./instrumentations/is-own-version.ts";
import { ModuleLoads } from "./instrumentations/module-loads.ts";
import { instrumentIoredis, instrumentNodeRedis } from "./instrumentations/redis-channels.ts";
import { instrumentUndici } from "./instrumentations/undici.ts";
import {
  load,
  loadContrib,
  loadMetrics,
  loadSlowStatements,
  loadSqlComments,
  loadTailDecision,
  loadWorkerMetrics,
} from "./load-on-demand.ts";
import { otherAgentPackages } from "./other-agents.ts";
import packageJson from "./package.json" with { type: "json" };
import type { SlowStatements } from "./plans/slow-statements.ts";
import { FoldedRepeats } from "./repeats/folded-repeats.ts";
import { Governor } from "./runtime/governor.ts";
import { MeteredSpans } from "./runtime/metrics/metered-spans.ts";
import { ownTime } from "./runtime/own-time.ts";
import type { ProfileSettings } from "./runtime/profiles/profile-control.ts";
import { openRunningClock } from "./runtime/run-delay.ts";
import { Shedding } from "./runtime/shedding.ts";
import { type Runtime, startRuntime } from "./runtime/start-runtime.ts";
import { createWatchSettings } from "./runtime/watch-protocol.ts";
import { findServiceName } from "./service-name.ts";
import { AgentThread, agentWorkerFile } from "./thread/agent-thread.ts";
import { announceTracing, withdrawTracing } from "./thread/announce-tracing.ts";
import { followWorkerThreads } from "./thread/follow-worker-threads.ts";
import { isWorkerThread } from "./thread/is-worker-thread.ts";
import { createSampler } from "./tracing/sampler.ts";
import { Tracing } from "./tracing/tracing.ts";
import { W3cPropagator } from "./tracing/w3c-propagator.ts";

/**
 * The fast path:
 *
 *   app ── our instrumentations ──▶ span ends ──▶ encoded in place ──▶ agent's thread ──▶ collector
 *     └─── OpenTelemetry's API, contrib instrumentations ──┘            gzip, retry
 *
 * Contrib packages are loaded when their library is, and OpenTelemetry's SDK only for metrics and logs that somebody
 * asks for. Returns what begins to see modules that are imported.
 */
export function startAgent(config: Config): () => void {
  if (!config.isDiagToConsole) showErrorsAsWarnings();
  for (const warning of config.warnings) warn(warning);
  const loads = isWorkerThread() ? startInWorkerThread(config) : startInMainThread(config);
  return () => loads.watchImports();
}

function startInMainThread(config: Config): ModuleLoads {
  const resource = toResourceSettings(config);
  const watching = createWatchSettings(config.eventLoopBlockMs);
  const held = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const sending = {
    queueBytesMax: config.exportQueueBytesMax,
    held,
    environment: config.exporterEnvironment,
    resource,
  };
  const thread = new AgentThread(agentWorkerFile(import.meta.dirname), { sending, watching });
  const chunks = new ChunkExport(thread, held);
  const metrics = loadMetrics(config, resource);
  const profiling = config.profile === "off" ? undefined : toProfileSettings(config);
  const runtime = startRuntime({ watching, thread, profiling, metrics: metrics?.measured });
  const plans = loadSlowStatements(config, thread);
  const { loads, handOver } = startTracing(config, chunks, {
    runtime,
    plans,
    delayMs: config.batchDelayMs,
  });
  const flushMetrics = metrics && withOtelDefaults(() => metrics.start());
  announceTracing(loads);
  followWorkerThreads(thread, (worker) => {
    metrics?.measured.followThread(worker);
    worker.once("exit", () => chunks.workerEnded());
  });

  flushAtExit(() => {
    handOver();
    return Promise.all([chunks.flush(), flushMetrics?.()]);
  }, config.flushTimeoutMs);
  return loads;
}

/** What one holds when it is terminated is lost. */
const workerDelayMsMax = 500;

/** The main thread exports what is measured here. */
function startInWorkerThread(config: Config): ModuleLoads {
  const runtime = startRuntime({
    watching: createWatchSettings(config.eventLoopBlockMs),
    thread: undefined,
    profiling: undefined,
    metrics: loadWorkerMetrics(config),
  });
  const chunks = new (load("worker-chunks").WorkerChunks)(config.flushTimeoutMs / 10);
  const delayMs = Math.min(config.batchDelayMs, workerDelayMsMax);
  const { loads, handOver } = startTracing(config, chunks, { runtime, plans: undefined, delayMs });
  process.once("exit", () => {
    chunks.end();
    handOver();
  });
  return loads;
}

interface StartedTracing {
  readonly loads: ModuleLoads;
  /** Gives all spans that have ended to whoever sends them. */
  handOver(): void;
}

interface TracingParts {
  readonly runtime: Runtime;
  readonly plans: SlowStatements | undefined;
  /** How long encoded spans wait for each other. */
  readonly delayMs: number;
}

function startTracing(
  config: Config,
  chunks: ChunkSink,
  { runtime, plans, delayMs }: TracingParts,
): StartedTracing {
  const buffer = new SpanBuffer(chunks, Buffer.from(new ArrayBuffer(bufferBytes)), {
    spansMax: config.batchSpansMax,
    delayMs,
  });
  const sampler = createSampler(config.sampler, config.samplerRatio);
  const shedding = new Shedding();
  const tail = loadTailDecision(config, buffer);
  const folded = new FoldedRepeats(tail ?? buffer, config.batchDelayMs);
  const { metrics } = runtime;
  const sink = metrics === undefined ? folded : new MeteredSpans(folded, metrics.durations);
  const tracing = new Tracing(plans?.before(sink) ?? sink, sampler, packageJson.version);
  context.setGlobalContextManager(tracing.contexts);
  propagation.setGlobalPropagator(new W3cPropagator());
  trace.setGlobalTracerProvider(tracing);
  const loads = instrument(config, { tracing, runtime, plans, shedding });
  if (config.ownShareMax > 0) {
    setImmediate(() => {
      ownTime.begin();
      const limits = { shareMax: config.ownShareMax, ownTime, nowMs: openRunningClock() };
      new Governor({ ...limits, shedding, sampler }).start();
    }).unref();
  }
  return {
    loads,
    handOver() {
      folded.sendAll();
      tail?.decideAll();
      buffer.handOver();
    },
  };
}

function toProfileSettings(config: Config): ProfileSettings {
  return {
    isContinuous: config.profile === "continuous",
    durationMs: config.profileDurationMs,
    heapWindowMs: config.heapWindowMs,
    signal: config.profileSignal,
  };
}

function toResourceSettings(config: Config): ResourceSettings {
  return {
    detectors: config.resourceDetectors,
    given: config.resourceAttributes,
    serviceName:
      config.serviceName ??
      (config.isServiceNamed ? undefined : findServiceName(process.argv[1], process.cwd())),
    agentVersion: packageJson.version,
    title: process.argv0,
    command: process.argv[1],
  };
}

interface Parts extends Pick<TracingParts, "runtime" | "plans"> {
  readonly tracing: Tracing;
  readonly shedding: Shedding;
}

function instrument(config: Config, { tracing, runtime, plans, shedding }: Parts): ModuleLoads {
  const hash = createParamsHash(config.paramsKey);
  const hashParams: HashParams = (statement, params, called) =>
    shedding.shedsCall() ? undefined : hash(statement, params, called);
  const callSites = new CallSiteRules(config.callSiteRepeatsMin, shedding);
  const options = { tracing, hashParams, callSites };
  const isScraped = config.metricExporters?.includes("prometheus") === true;
  const isOn = (name: string) => config.isInstrumentationOn(name);
  const loads = new ModuleLoads();
  if (isOn("http")) {
    const captured = createCapturedHeaders(config.capturedHeaders);
    const ignoredPort = isScraped ? config.prometheusPort : 0;
    instrumentHttpServer(tracing, runtime, { ignoredPort, captured });
    instrumentHttpClient(options);
    instrumentHttp2(options, { tracing, runtime, captured }, loads);
  }
  if (isOn("undici")) instrumentUndici(options);
  if (isOn("ioredis")) instrumentIoredis(options, loads);
  if (isOn("redis")) instrumentNodeRedis(options);
  instrumentFrameworks(tracing, loads, isOn);
  const comments = loadSqlComments(config, toResourceSettings(config));
  instrumentDatabases(loads, isOn, { ...options, pools: runtime.metrics?.pools, comments, plans });
  prepareContrib(config, hashParams, loads);
  for (const name of otherAgentPackages) {
    const leave = () => standDown(name, { tracing, runtime }, loads);
    loads.beforeFirst(name, leave);
    loads.onImported(name, leave);
  }
  loads.install();
  return loads;
}

/** The application loads another agent: it finds the process as it would be without this one. */
function standDown(
  name: string,
  { tracing, runtime }: Pick<Parts, "tracing" | "runtime">,
  loads: ModuleLoads,
): void {
  loads.stop();
  unloadInstrumentations();
  tracing.stop();
  runtime.stop();
  for (const api of [trace, context, propagation, metricsApi]) api.disable();
  withdrawTracing();
  process.emitWarning(
    `the agent has switched itself off: ${name} traces this process`,
    "CulpritWarning",
  );
}

function prepareContrib(config: Config, hashParams: HashParams, loads: ModuleLoads): void {
  let enable: ((name: string) => void) | undefined;
  const enableOnce = (name: string) => {
    enable ??= loadContrib(config, hashParams);
    enable(name);
  };
  for (const [library, name] of Object.entries(contribOf)) {
    if (!config.isInstrumentationOn(name)) continue;
    // The driver below them has the same call with its evidence.
    const isAbove = name === "knex" || name === "mongoose";
    if (isAbove && !config.enabledInstrumentations.includes(name)) continue;
    loads.beforeFirst(library, (file) => {
      if (!isOwnVersion(library, file)) enableOnce(name);
    });
  }
  // Of Node's own modules, which are loaded already.
  for (const name of ["dns", "fs", "net"]) {
    if (config.enabledInstrumentations.includes(name)) enableOnce(name);
  }
}
