import type { Analyzer } from "../analyzers/schedule/analyzer.ts";
import type { KeyRing } from "../collector/auth/key-ring.ts";
import type { TlsFiles } from "../collector/auth/tls-files.ts";
import type { Counters } from "../collector/counters.ts";
import type { Decoder } from "../collector/decode/decoder.ts";
import type { Journal } from "../collector/journal/journal.ts";
import type { MetricSource } from "../collector/metrics.ts";
import { defaultHttpLimits } from "../collector/receiver/http-limits.ts";
import { rowNames, type Signal } from "../collector/signal.ts";
import type { Alerts } from "./alerts.ts";
import { toJournalMetricSources } from "./journal-metric-sources.ts";
import { counter, countsBy, gauge } from "./metric-source.ts";
import type { StoreParts } from "./open-store.ts";
import { toProcessMetricSources } from "./process-metric-sources.ts";
import type { Receivers } from "./receivers.ts";

/** The parts that count. */
export interface CountingParts {
  readonly counters: Counters;
  readonly access: {
    readonly ring: Pick<KeyRing, "countValid">;
    readonly tls: Pick<TlsFiles, "expiresAt"> | undefined;
  };
  readonly journals: Readonly<Record<Signal, Pick<Journal, "stats">>>;
  readonly decoder: Pick<Decoder, "queuedBytes" | "queueBytesMax">;
  readonly receivers: Pick<Receivers, "inFlightBytes">;
  readonly journalBytesMax: number;
  readonly store: Pick<StoreParts["store"], "stats" | "childPid">;
  readonly retention: StoreParts["retention"];
  readonly front: StoreParts["front"];
  readonly analyzer: Pick<Analyzer, "counters" | "restarts">;
  readonly alerts: Pick<Alerts, "counters">;
}

/**
 * What `/metrics` shows. At every scrape, counted since the start (a journal found at the start is `recovered`):
 *
 *   accepted_spans + recovered_spans = stored_spans + journal_spans + dropped_spans{reason}
 *
 * and so for the rows of each other signal, by their `rowNames`.
 */
export function toMetricSources(parts: CountingParts): MetricSource[] {
  return [
    ...receiverSources(parts),
    ...accessSources(parts),
    ...toJournalMetricSources(parts.journals, parts.journalBytesMax),
    ...storeSources(parts),
    ...analyzerSources(parts),
    ...alertSources(parts),
    ...toProcessMetricSources(() => parts.store.childPid()),
  ];
}

function receiverSources({ counters, decoder, receivers }: CountingParts): MetricSource[] {
  return [
    gauge("in_flight_bytes", "Bodies of requests under way", () => receivers.inFlightBytes()),
    gauge(
      "in_flight_capacity_bytes",
      "How many they may be",
      () => defaultHttpLimits.inFlightBytesMax,
    ),
    counter(
      "accepted_requests",
      "Requests acknowledged, by signal",
      countsBy(counters, "signal", "accepted_requests"),
    ),
    ...Object.values(rowNames).map((name) =>
      counter(
        `rejected_${name}`,
        "Not stored, by reason",
        countsBy(counters, "reason", `rejected_${name}`),
      ),
    ),
    counter(
      "refused_requests",
      "Requests answered 4xx or 5xx, by error code",
      countsBy(counters, "reason", "refused_requests"),
    ),
    counter("retried_requests", "Requests whose body was accepted before, not stored again", () =>
      counters.value("retried_requests"),
    ),
    counter(
      "lost_values",
      "Parts of what is stored that a limit cut off, by limit",
      countsBy(counters, "reason", "losses"),
    ),
    counter(
      "broken_requests",
      "Requests that were no HTTP, too slow, or had too large headers, by reason",
      countsBy(counters, "reason", "broken_requests"),
    ),
    counter("dropped_connections", "Connections over the limit", () =>
      counters.value("dropped_connections"),
    ),
    gauge("decoder_queued_bytes", "Bodies that wait to be decoded", () => decoder.queuedBytes()),
    gauge("decoder_queue_capacity_bytes", "How many they may be", () => decoder.queueBytesMax),
  ];
}

function accessSources({ counters, access: { ring, tls } }: CountingParts): MetricSource[] {
  const tlsSources = tls && [
    gauge(
      "tls_certificate_expiry_timestamp_seconds",
      "When our certificate ends, Unix time",
      () => tls.expiresAt() / 1000,
    ),
  ];
  return [
    ...(tlsSources ?? []),
    counter("tls_file_errors", "Certificates or keys that could not be used", () =>
      counters.value("tls_file_errors"),
    ),
    counter("failed_handshakes", "Connections that did not come to speak TLS with us", () =>
      counters.value("failed_handshakes"),
    ),
    gauge("ingest_keys", "Ingest keys that are valid", () => ring.countValid()),
    counter("key_file_errors", "Files of keys that could not be read or written", () =>
      counters.value("key_file_errors"),
    ),
    counter(
      "failed_reads",
      "Requests of the API that were answered with an error, by error code",
      countsBy(counters, "reason", "failed_reads"),
    ),
    counter(
      "refused_reads",
      "Requests for API, UI or metrics without their token, by error code",
      countsBy(counters, "reason", "refused_reads"),
    ),
  ];
}

function storeSources({ store, retention, front }: CountingParts): MetricSource[] {
  return [
    counter("retention_dropped_days", "Days dropped before their time, by signal and reason", () =>
      retention().droppedDays.map(
        ({ signal, reason, days }) => [{ signal, reason }, days] as const,
      ),
    ),
    counter(
      "retention_failures",
      "Checks of size and disk that failed",
      () => retention().failures,
    ),
    counter("sql_statements", "Statements of SQL clients", () => front().statements),
    counter(
      "sql_statement_failures",
      "Statements of SQL clients that failed",
      () => front().failures,
    ),
    counter(
      "sql_refused_requests",
      "Requests of SQL clients that were not run",
      () => front().refused,
    ),
    counter(
      "database_restarts",
      "Times that the database process was started again",
      () => store.stats().restarts,
    ),
    counter("database_queries", "Queries asked", () => store.stats().queries),
    counter("database_query_failures", "Queries that failed", () => store.stats().queryFailures),
    counter("database_insert_failures", "Inserts that failed", () => store.stats().insertFailures),
    counter(
      "database_row_insert_failures",
      "Inserts of findings, occurrences, deliveries and watermarks that failed",
      () => store.stats().rowInsertFailures,
    ),
  ];
}

function analyzerSources({ analyzer }: CountingParts): MetricSource[] {
  return [
    counter("traces_examined", "Settled traces examined", () => analyzer.counters().tracesExamined),
    gauge(
      "findings_waiting",
      "Findings whose numbers are due and had no time yet",
      () => analyzer.counters().findingsWaiting,
    ),
    counter("analysis_runs", "Runs of the analyzers", () => analyzer.counters().runs),
    counter(
      "analysis_run_errors",
      "Runs that failed and were tried again",
      () => analyzer.counters().runErrors,
    ),
    counter("analysis_dropped", "Left out of the analysis, by limit", () =>
      Object.entries(analyzer.counters().dropped).map(
        ([reason, value]) => [{ reason }, value] as const,
      ),
    ),
    counter("analyzer_restarts", "Times that the analyzer was started again", () =>
      analyzer.restarts(),
    ),
    counter("detector_errors", "Detectors that failed on a trace, by detector", () =>
      Object.entries(analyzer.counters().detectorErrors).map(
        ([detector, value]) => [{ detector }, value] as const,
      ),
    ),
  ];
}

function alertSources({ alerts }: CountingParts): MetricSource[] {
  return [
    counter("alerts_sent", "Messages delivered", () => alerts.counters.sent),
    counter("alerts_failed", "Messages that a receiver refused", () => alerts.counters.failed),
    counter("alerts_retried", "Attempts that were repeated", () => alerts.counters.retried),
    counter(
      "alerts_dropped",
      "Messages that the queue had no room for",
      () => alerts.counters.dropped,
    ),
    counter(
      "alerts_record_errors",
      "Deliveries that could not be recorded, and were tried again",
      () => alerts.counters.recordErrors,
    ),
    gauge("alerts_waiting", "Messages that wait", () => alerts.counters.waiting),
  ];
}
