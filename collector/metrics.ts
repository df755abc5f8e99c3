import type { RequestListener } from "node:http";
import type { Attributes, BatchObservableResult, Observable } from "@opentelemetry/api";
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

/**
 * Serves the sources in Prometheus' text format. Nothing is counted here: parts count, a scrape reads. It reads all in
 * one turn of the event loop, so that numbers that add up do so on the page.
 */
export function createMetrics(sources: readonly MetricSource[]): Metrics {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  const provider = new MeterProvider({ readers: [exporter] });
  const meter = provider.getMeter("culprit");
  let errors = 0;
  const own: MetricSource = {
    name: "culprit_metric_errors",
    description: "Metrics that could not be read at a scrape",
    kind: "counter",
    read: () => errors,
  };
  const instruments = [...sources, own].map((source) => {
    const { name, description } = source;
    const instrument =
      source.kind === "counter"
        ? meter.createObservableCounter(name, { description })
        : meter.createObservableGauge(name, { description });
    return { source, instrument };
  });
  meter.addBatchObservableCallback(
    (result) => {
      for (const { source, instrument } of instruments) {
        try {
          observe(result, instrument, source.read());
        } catch {
          errors += 1;
        }
      }
    },
    instruments.map(({ instrument }) => instrument),
  );
  return {
    handle: (request, response) => exporter.getMetricsRequestHandler(request, response),
    close: () => provider.shutdown(),
  };
}

function observe(
  result: BatchObservableResult,
  instrument: Observable,
  read: ReturnType<MetricSource["read"]>,
): void {
  if (typeof read === "number") result.observe(instrument, read);
  else for (const [labels, value] of read) result.observe(instrument, value, labels);
}
