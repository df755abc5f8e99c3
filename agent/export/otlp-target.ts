import { convertLegacyHttpOptions } from "@opentelemetry/otlp-exporter-base/node-http";
import type { OtlpTarget } from "./post-otlp.ts";

/** Where to send spans, and how: `OTEL_EXPORTER_OTLP_*` as OpenTelemetry's own code reads it. */
export function readOtlpTarget(contentType: string): OtlpTarget {
  return convertLegacyHttpOptions({}, "TRACES", "v1/traces", {
    "Content-Type": contentType,
    "User-Agent": "culprit-agent",
  });
}
