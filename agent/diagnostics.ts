import { type DiagLogger, DiagLogLevel, diag, metrics } from "@opentelemetry/api";
import { ProblemLog } from "./problem-log.ts";

/** Why the agent has left something out. Counted in the metric `culprit.agent.dropped`. */
export type DropReason =
  | "spans_queue_full"
  | "spans_rejected"
  | "thread_ended"
  | "span_too_large"
  | "span_failed"
  | "attributes_unreadable"
  | "instrumentation_failed"
  | "statements_over_limit"
  | "call_site_failed"
  | "source_map_failed"
  | "profile_failed"
  | "plan_failed"
  | "metrics_not_sent"
  | "pools_not_followed"
  | "requests_not_followed"
  | "process_was_stopped"
  | "event_loop_watch_failed"
  | "evidence_shed"
  | "traces_shed"
  | "tail_sampled";

/** A machine that is short of CPUs is not worth a line; nor is what was asked for, or is said by who does it. */
const countedOnly: ReadonlySet<DropReason> = new Set([
  "process_was_stopped",
  "evidence_shed",
  "traces_shed",
  "tail_sampled",
]);

/** By way of `process.on("warning")`; without a listener that is standard error. */
const log = new ProblemLog({
  write: (line) => process.emitWarning(line, "CulpritWarning"),
  schedule: (callback, delayMs) => {
    if (delayMs === 0) process.nextTick(callback);
    else setTimeout(callback, delayMs).unref();
  },
});

/** For people; one line in ten minutes says what has come together. */
export function warn(message: string): void {
  log.tell(message);
}

/** Without `OTEL_LOG_LEVEL` OpenTelemetry says nothing at all, not even that it loses spans: errors are shown as warnings. */
export function showErrorsAsWarnings(): void {
  const ignore = () => undefined;
  const logger: DiagLogger = {
    error: (...parts) => warn(parts.map(toText).join(" ")),
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
}

/** Shows in Prometheus or over OTLP when metrics are on, and with its sum in the log. */
export function countDropped(reason: DropReason, count = 1): void {
  // Not kept: before the SDK has started, the API hands out a counter that never counts.
  metrics
    .getMeter("@culprit/agent")
    .createCounter("culprit.agent.dropped", { description: "What the agent has left out." })
    .add(count, { reason });
  if (!countedOnly.has(reason)) log.addDropped(reason, count);
}

const textCharactersMax = 200;

/** What an error says. Anything can be thrown, also what throws when it is looked at. */
export function toText(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message : String(error);
    return text.slice(0, textCharactersMax);
  } catch {
    return "something that can't be read";
  }
}
