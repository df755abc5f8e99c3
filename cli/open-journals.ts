import { join } from "node:path";
import { type Journal, openJournal } from "../collector/journal/journal.ts";
import type { Signal } from "../collector/signal.ts";
import type { BlockTable } from "../storage/block-tables.ts";
import type { Store } from "../storage/store.ts";
import type { StartConfig } from "./config.ts";
import type { Journals } from "./receivers.ts";

interface JournalParts {
  readonly store: Pick<Store, "insertBlocks">;
  readonly now: () => number;
  readonly log: (line: string) => void;
  /** How each is closed is added to it. */
  readonly opened: (() => Promise<unknown>)[];
}

/** Where the rows of a signal go. */
const tables: Readonly<Record<Signal, BlockTable>> = {
  traces: "spans",
  metrics: "metric_points",
  logs: "logs",
};

/**
 * One for each signal, each in a folder of its own below `journal/`; that of traces is `journal/` itself. Together they
 * hold `journalBytesMax`.
 */
export async function openJournals(
  { dataFolder, journalBytesMax }: Pick<StartConfig, "dataFolder" | "journalBytesMax">,
  { store, now, log, opened }: JournalParts,
): Promise<Journals> {
  const all: Journal[] = [];
  const bytesOf = (journals: readonly Journal[]) =>
    journals.reduce((sum, journal) => sum + journal.bytes(), 0);
  const open = async (signal: Signal) => {
    const journal: Journal = await openJournal({
      folder: join(dataFolder, "journal", signal === "traces" ? "" : signal),
      insert: (file, token) => store.insertBlocks(tables[signal], file, token),
      bytesMax: journalBytesMax,
      otherBytes: () => bytesOf(all.filter((other) => other !== journal)),
      now,
      log: (line) => log(`journal of ${signal}: ${line}`),
    });
    opened.push(() => journal.close());
    all.push(journal);
    return journal;
  };
  return {
    traces: await open("traces"),
    metrics: await open("metrics"),
    logs: await open("logs"),
  };
}
