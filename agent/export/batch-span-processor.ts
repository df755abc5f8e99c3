import { getNumberFromEnv } from "@opentelemetry/core";
import { BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace";

/** sdk-node makes the same one of an exporter, but only when it is the only processor. */
export function createBatchSpanProcessor(exporter: SpanExporter): BatchSpanProcessor {
  const limits = {
    maxQueueSize: getNumberFromEnv("OTEL_BSP_MAX_QUEUE_SIZE"),
    scheduledDelayMillis: getNumberFromEnv("OTEL_BSP_SCHEDULE_DELAY"),
    exportTimeoutMillis: getNumberFromEnv("OTEL_BSP_EXPORT_TIMEOUT"),
    maxExportBatchSize: getNumberFromEnv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
  };
  const given = Object.entries(limits).filter(([, value]) => value !== undefined && value >= 0);
  return new BatchSpanProcessor({ exporter, ...Object.fromEntries(given) });
}
