import nodeModule from "node:module";
import { metrics, ProxyTracerProvider, trace } from "@opentelemetry/api";
import { NodeSDK, type NodeSDKConfiguration } from "@opentelemetry/sdk-node";
import { type Config, withOtelDefaults } from "./config.ts";
import { showErrorsAsWarnings, warn } from "./diagnostics.ts";
import { createCallEvidence } from "./evidence/call-evidence.ts";
import { createParamsHash } from "./evidence/params-hash.ts";
import { PreciseStart } from "./evidence/precise-start.ts";
import { createBatchSpanProcessor } from "./export/batch-span-processor.ts";
import { flushAtExit } from "./export/flush-at-exit.ts";
import { OtlpSpanExporter } from "./export/otlp-span-exporter.ts";
import { createInstrumentations } from "./instrumentations/contrib-instrumentations.ts";
import { createResourceDetectors } from "./resource-detectors.ts";
import { createMetricProducer } from "./runtime/metrics/metric-producer.ts";
import { createMetricReaders } from "./runtime/metrics/metric-readers.ts";
import { replacedMetrics } from "./runtime/metrics/replaced-metrics.ts";
import { createRuntimeMetrics } from "./runtime/metrics/runtime-metrics.ts";
import { RequestProcessor } from "./runtime/request-processor.ts";
import { startRuntime } from "./runtime/start-runtime.ts";
import { createWatchSettings } from "./runtime/watch-protocol.ts";
import { findServiceName } from "./service-name.ts";
import { AgentThread, agentWorkerFile } from "./thread/agent-thread.ts";

/**
 * The whole set-up:
 *
 *   app ── instrumentations ──▶ span ──▶ BatchSpanProcessor ──▶ OtlpSpanExporter ──▶ collector
 *               └ evidence adds to it                            └ flushed at exit
 *
 * Returns what starts the loader for modules that are imported. It wraps only those that are instrumented; the
 * application's own are loaded as they are.
 */
export function startAgent(config: Config): () => void {
  if (!config.isDiagToConsole) showErrorsAsWarnings();
  for (const warning of config.warnings) warn(warning);

  const evidence = createCallEvidence({
    hashParams: createParamsHash(config.paramsKey),
    callSiteRepeatsMin: config.callSiteRepeatsMin,
  });
  return withOtelDefaults(() => {
    const exporter = config.spanEncoding && new OtlpSpanExporter(config.spanEncoding, config);
    const watching = createWatchSettings(config.eventLoopBlockMs);
    const thread = new AgentThread(agentWorkerFile(import.meta.dirname), {
      sending: undefined,
      watching,
    });
    const isMeasured = (config.metricExporters ?? []).length > 0;
    const runtimeMetrics = isMeasured ? createRuntimeMetrics() : undefined;
    const runtime = startRuntime({
      watching,
      thread,
      profiling: undefined,
      metrics: runtimeMetrics,
    });
    const pools = runtime.metrics?.pools;
    const instrumentations = createInstrumentations(config, evidence, pools);
    const options: Partial<NodeSDKConfiguration> = {
      instrumentations: [...instrumentations],
      resourceDetectors: createResourceDetectors(),
    };
    if (config.metricExporters && runtime.metrics) {
      const producer = createMetricProducer(runtime.metrics.sources);
      options.metricReaders = createMetricReaders(
        { ...config, metricExporters: config.metricExporters },
        producer,
      );
      options.views = replacedMetrics;
    }
    if (exporter) {
      const requests = new RequestProcessor(runtime);
      options.spanProcessors = [new PreciseStart(), requests, createBatchSpanProcessor(exporter)];
    }
    if (!config.isServiceNamed) {
      const serviceName = findServiceName(process.argv[1], process.cwd());
      if (serviceName) options.serviceName = serviceName;
    }
    new NodeSDK(options).start();

    flushAtExit(createFlush(exporter), config.flushTimeoutMs);
    const include = instrumentations.flatMap((it) =>
      it.getModuleDefinitions().map(({ name }) => name),
    );
    return () =>
      nodeModule.register("@opentelemetry/instrumentation/hook.mjs", import.meta.url, {
        data: { include },
      });
  });
}

interface Flushable {
  forceFlush(): Promise<void>;
}

/** Spans are flushed each time; metrics once, because each flush of metrics makes new ones and so never ends. */
function createFlush(exporter: OtlpSpanExporter | undefined): () => Promise<void> {
  let isFirst = true;
  return async () => {
    const tracerProvider = trace.getTracerProvider();
    const delegate =
      tracerProvider instanceof ProxyTracerProvider ? tracerProvider.getDelegate() : tracerProvider;
    const flushables: object[] = isFirst ? [delegate, metrics.getMeterProvider()] : [delegate];
    isFirst = false;
    // A metrics endpoint whose port is taken can't be flushed; spans can.
    await Promise.allSettled(
      flushables.filter(isFlushable).map((provider) => provider.forceFlush()),
    );
    await exporter?.forceFlush();
  };
}

function isFlushable(provider: object): provider is Flushable {
  return "forceFlush" in provider && typeof provider.forceFlush === "function";
}
