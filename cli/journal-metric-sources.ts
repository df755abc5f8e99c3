import type { Journal } from "../collector/journal/journal.ts";
import type { JournalStats } from "../collector/journal/journal-stats.ts";
import type { MetricSource } from "../collector/metrics.ts";
import { rowNames, type Signal, signals } from "../collector/signal.ts";
import { counter, gauge } from "./metric-source.ts";

/** What is in each signal's journal, and what became of its rows. */
export function toJournalMetricSources(
  journals: Readonly<Record<Signal, Pick<Journal, "stats">>>,
  journalBytesMax: number,
): MetricSource[] {
  const each = (read: (stats: JournalStats) => number) => () =>
    signals.map((signal) => [{ signal }, read(journals[signal].stats())] as const);
  return [
    ...signals.flatMap((signal) => rowSources(rowNames[signal], journals[signal])),
    gauge(
      "journal_bytes",
      "Size of the journal on disk",
      each(({ bytes }) => bytes),
    ),
    gauge(
      "journal_capacity_bytes",
      "How large all journals together may be",
      () => journalBytesMax,
    ),
    gauge(
      "journal_files",
      "Files that wait to be inserted",
      each(({ files }) => files),
    ),
    gauge(
      "journal_waiting_bytes",
      "Blocks that wait for the disk",
      each(({ waitingBytes }) => waitingBytes),
    ),
    gauge(
      "journal_remembered_bodies",
      "Bodies whose retry is recognised",
      each(({ rememberedBodies }) => rememberedBodies),
    ),
    counter(
      "journal_forgotten_bodies",
      "Bodies forgotten before their time, because there were too many",
      each(({ forgottenBodies }) => forgottenBodies),
    ),
    counter(
      "journal_failed_files",
      "Files that could not be read, moved or removed",
      each(({ failedFiles }) => failedFiles),
    ),
    gauge(
      "journal_oldest_age_seconds",
      "Age of the oldest row that waits",
      each(({ oldestAgeMs }) => oldestAgeMs / 1000),
    ),
    counter(
      "journal_failed_writes",
      "Writes that the disk refused",
      each(({ failedWrites }) => failedWrites),
    ),
    counter(
      "journal_failed_inserts",
      "Inserts that failed and were tried again",
      each(({ failedInserts }) => failedInserts),
    ),
    counter(
      "journal_torn_tails",
      "Unacknowledged ends of files, cut at the start",
      each(({ tornTails }) => tornTails),
    ),
  ];
}

/** What became of the rows of one signal, which are called `name`. */
function rowSources(name: string, journal: Pick<Journal, "stats">): MetricSource[] {
  const stats = () => journal.stats();
  return [
    counter(`accepted_${name}`, "Acknowledged: safe on disk", () => stats().acceptedRows),
    counter(`recovered_${name}`, "Found in the journal at the start", () => stats().recoveredRows),
    counter(`stored_${name}`, "Inserted into the database", () => stats().insertedRows),
    counter(`dropped_${name}`, "Acknowledged and lost, by reason", () => [
      [{ reason: "corrupt" }, stats().corruptRows] as const,
      [{ reason: "quarantined" }, stats().quarantinedRows] as const,
    ]),
    gauge(`journal_${name}`, "Waiting to be inserted", () => stats().journaledRows),
  ];
}
