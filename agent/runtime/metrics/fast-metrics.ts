import { metrics } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { type ResourceSettings, toResourceAttributes } from "../../export/resource-attributes.ts";
import { createMetricProducer } from "./metric-producer.ts";
import { createMetricReaders, type MetricReaderOptions } from "./metric-readers.ts";
import { replacedMetrics } from "./replaced-metrics.ts";
import { createRuntimeMetrics, type RuntimeMetrics } from "./runtime-metrics.ts";

/** What is measured, and where it goes. */
export interface FastMetrics {
  readonly measured: RuntimeMetrics;
  /**
   * Begins to export. Gives a flush that sends what was measured until then, once: each sending measures anew, so there
   * is no end of it.
   */
  start(): () => Promise<void>;
}

/** For the fast path, which has no other use for OpenTelemetry's SDK; loaded when metrics are asked for. */
export function createFastMetrics(
  options: MetricReaderOptions,
  resource: ResourceSettings,
): FastMetrics {
  const measured = createRuntimeMetrics();
  return { measured, start: () => startMeterProvider(options, resource, measured) };
}

function startMeterProvider(
  options: MetricReaderOptions,
  resource: ResourceSettings,
  { sources }: RuntimeMetrics,
): () => Promise<void> {
  const provider = new MeterProvider({
    resource: resourceFromAttributes(toResourceAttributes(resource)),
    readers: createMetricReaders(options, createMetricProducer(sources)),
    views: replacedMetrics,
  });
  metrics.setGlobalMeterProvider(provider);
  let isFlushed = false;
  return async () => {
    if (isFlushed) return;
    isFlushed = true;
    await provider.forceFlush();
  };
}
