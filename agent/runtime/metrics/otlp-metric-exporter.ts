import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { convertLegacyHttpOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { countDropped, warn } from "../../diagnostics.ts";
import { type OtlpTarget, postOtlp } from "../../export/post-otlp.ts";
import { encodeMetrics } from "./encode-metrics.ts";

/**
 * Sends metrics as OTLP/HTTP protobuf, where `OTEL_EXPORTER_OTLP_*` says. What can't be sent is not kept: values are
 * cumulative, so the next ones say it again.
 */
export class OtlpMetricExporter implements PushMetricExporter {
  readonly #target: OtlpTarget = convertLegacyHttpOptions({}, "METRICS", "v1/metrics", {
    "Content-Type": "application/x-protobuf",
    "User-Agent": "culprit-agent",
  });

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    void postOtlp(this.#target, encodeMetrics(metrics)).then((outcome) => {
      if (outcome.kind !== "sent") {
        countDropped("metrics_not_sent");
        warn(`metrics can't be sent to ${this.#target.url}: ${outcome.reason}`);
      }
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
