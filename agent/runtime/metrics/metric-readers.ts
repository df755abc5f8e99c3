import { createRequire } from "node:module";
import type { IMetricReader, MetricProducer } from "@opentelemetry/sdk-metrics";
import { OtlpMetricExporter } from "./otlp-metric-exporter.ts";

export interface MetricReaderOptions {
  /** Of `OTEL_METRICS_EXPORTER`; others than these two are left out. */
  readonly metricExporters: readonly string[];
  readonly metricIntervalMs: number;
  readonly prometheusHost: string | undefined;
  readonly prometheusPort: number;
}

const load = createRequire(import.meta.url);

/** For a MeterProvider: each reads the agent's own metrics as well. A package is loaded only when it is asked for. */
export function createMetricReaders(
  options: MetricReaderOptions,
  producer: MetricProducer,
): IMetricReader[] {
  const readers: IMetricReader[] = [];
  if (options.metricExporters.includes("prometheus")) {
    const { PrometheusExporter }: typeof import("@opentelemetry/exporter-prometheus") = load(
      "@opentelemetry/exporter-prometheus",
    );
    const { prometheusHost: host, prometheusPort: port } = options;
    const address = host === undefined ? { port } : { host, port };
    readers.push(new PrometheusExporter({ ...address, metricProducers: [producer] }));
  }
  if (options.metricExporters.includes("otlp")) {
    const { PeriodicExportingMetricReader }: typeof import("@opentelemetry/sdk-metrics") = load(
      "@opentelemetry/sdk-metrics",
    );
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: new OtlpMetricExporter(),
        exportIntervalMillis: options.metricIntervalMs,
        exportTimeoutMillis: Math.min(options.metricIntervalMs, 10_000),
        metricProducers: [producer],
      }),
    );
  }
  return readers;
}
