import { type DiagLogger, DiagLogLevel, diag, metrics } from "@opentelemetry/api";

/** Why the agent has left something out. Counted in the metric `culprit.agent.dropped`. */
export type DropReason =
  | "spans_queue_full"
  | "spans_rejected"
  | "span_too_large"
  | "span_failed"
  | "instrumentation_failed"
  | "statements_over_limit"
  | "call_site_failed"
  | "source_map_failed"
  | "profile_failed"
  | "metrics_not_sent"
  | "pools_not_followed"
  | "requests_not_followed"
  | "process_was_stopped"
  | "event_loop_watch_failed";

const warningsMax = 20;
const shown = new Set<string>();

/** One line on standard error, by way of `process.on("warning")`; the same line is not repeated, and the number is limited. */
export function warnOnce(message: string): void {
  if (shown.size >= warningsMax || shown.has(message)) return;
  shown.add(message);
  process.emitWarning(message, "CulpritWarning");
}

/** Without `OTEL_LOG_LEVEL` OpenTelemetry says nothing at all, not even that it loses spans: errors are shown as warnings. */
export function showErrorsAsWarnings(): void {
  const ignore = () => undefined;
  const logger: DiagLogger = {
    error: (...parts) => warnOnce(parts.map(toText).join(" ")),
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
}

/** Shows in Prometheus or over OTLP when metrics are on. */
export function countDropped(reason: DropReason, count = 1): void {
  // Not kept: before the SDK has started, the API hands out a counter that never counts.
  metrics
    .getMeter("@culprit/agent")
    .createCounter("culprit.agent.dropped", { description: "What the agent has left out." })
    .add(count, { reason });
}

function toText(part: unknown): string {
  return part instanceof Error ? part.message : String(part);
}
