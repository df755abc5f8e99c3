import type { AggregationType, ViewOptions } from "@opentelemetry/sdk-metrics";

/** The number of the SDK's enum: its module is not loaded for it. */
const drop = { type: 1 as AggregationType.DROP };

const replacedMeters = [
  "@opentelemetry/instrumentation-http",
  "@opentelemetry/instrumentation-pg",
  "@opentelemetry/instrumentation-undici",
];

/** Metrics of contrib instrumentations that the agent measures itself: pools of pg are mixed up when there are several. */
export const replacedMetrics: ViewOptions[] = replacedMeters.map((meterName) => {
  return { meterName, aggregation: drop };
});
