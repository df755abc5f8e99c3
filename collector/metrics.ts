import type { RequestListener } from "node:http";
import type { Attributes } from "@opentelemetry/api";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

/** A number that a part keeps for itself and shows at a scrape. */
export interface MetricSource {
  /** snake_case, with unit; counters get `_total` from the exporter. */
  readonly name: string;
  readonly description: string;
  readonly kind: "counter" | "gauge";
  /** Now: a value, or a value for each of a fixed set of labels. */
  read(): number | Iterable<readonly [Attributes, number]>;
}

export interface Metrics {
  readonly handle: RequestListener;
  close(): Promise<void>;
}

/** Serves the sources in Prometheus' text format. Nothing is counted here: parts count, a scrape reads. */
export function createMetrics(sources: readonly MetricSource[]): Metrics {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  const provider = new MeterProvider({ readers: [exporter] });
  const meter = provider.getMeter("culprit");
  for (const source of sources) {
    const { name, description } = source;
    const instrument =
      source.kind === "counter"
        ? meter.createObservableCounter(name, { description })
        : meter.createObservableGauge(name, { description });
    instrument.addCallback((result) => {
      const read = source.read();
      if (typeof read === "number") result.observe(read);
      else for (const [labels, value] of read) result.observe(value, labels);
    });
  }
  return {
    handle: (request, response) => exporter.getMetricsRequestHandler(request, response),
    close: () => provider.shutdown(),
  };
}
