import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { KeyRing } from "../collector/auth/key-ring.ts";
import { Counters } from "../collector/counters.ts";
import { createDecoder } from "../collector/decode/decoder.ts";
import { defaultHttpLimits } from "../collector/receiver/http-limits.ts";
import type { Acceptance, Intake } from "../collector/receiver/intake.ts";
import { toRefusal } from "../collector/receiver/refusal.ts";
import { rowNames, type Signal, signals } from "../collector/signal.ts";
import { readStartConfig, type StartConfig } from "./config.ts";
import { makeDataFolder } from "./make-data-folder.ts";
import { openJournals } from "./open-journals.ts";
import { openStore } from "./open-store.ts";
import { type RecordedRequest, readRecorded } from "./read-recorded.ts";
import { createIntakes } from "./receivers.ts";

const help = `Stores recorded requests as they are, whatever their times.

Usage: culprit import FILE... [options]

A file holds OTLP JSON (a request, or one a line), OTLP protobuf (a request, or each behind its length in four bytes), or a
list of Zipkin's spans; any may be gzip. Nothing else may run on the data folder. What was imported before is not stored
again, within 15 minutes. What is older than the retention is rejected: raise it, for culprit start too.

Options:
  --data FOLDER             the data folder, CULPRIT_DATA [./data]
  --retention-days DAYS     days that data are kept, CULPRIT_RETENTION_DAYS [14]
`;

/** What became of the files. */
interface Totals {
  requests: number;
  failed: number;
  rejected: number;
}

/** Runs `culprit import`. Resolves with the exit code: 1 when a file or a request could not be stored. */
export async function importCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(help);
    return 0;
  }
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { data: { type: "string" }, "retention-days": { type: "string" } },
      allowPositionals: true,
    });
    if (positionals.length === 0) throw new Error("name the files to import");
    const flags = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return await importFiles(positionals, readStartConfig(flags), opened);
  } catch (error) {
    say(`culprit: ${error instanceof Error ? error.message : error}`);
    return 1;
  } finally {
    for (let end = opened.pop(); end; end = opened.pop()) await end();
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function importFiles(
  files: readonly string[],
  config: StartConfig,
  opened: (() => Promise<unknown>)[],
): Promise<number> {
  const { dataFolder, retention } = config;
  await makeDataFolder(dataFolder);
  const { store } = await openStore(config, say, opened);
  const journals = await openJournals(config, { store, now: Date.now, log: say, opened });
  const decoder = createDecoder();
  opened.push(() => decoder.close());
  const counters = new Counters();
  const acceptedWindow = { pastMs: Number.POSITIVE_INFINITY, futureMs: Number.POSITIVE_INFINITY };
  const parts = { config: { acceptedWindow, retention }, decoder, journals, counters };
  const intakes = createIntakes({ ...parts, now: Date.now });
  const totals: Totals = { requests: 0, failed: 0, rejected: 0 };
  for (const file of files) {
    await importFile(file, intakes, totals);
    say(`${file}: ${toSummary(counters, totals)} so far`);
  }
  if (totals.rejected > 0)
    say(
      "What is older than the retention is rejected: raise --retention-days, of culprit start too",
    );
  while (signals.some((signal) => journals[signal].stats().journaledRows > 0)) await delay(50);
  process.stdout.write(`Imported ${toSummary(counters, totals)} into ${dataFolder}\n`);
  return totals.failed === 0 ? 0 : 1;
}

function toSummary(counters: Counters, { requests, rejected, failed }: Totals): string {
  const rows = signals.map((signal) => {
    const count = counters.value(`accepted_${rowNames[signal]}`);
    return count > 0 ? `${count} ${rowNames[signal].replace("_", " ")}` : "";
  });
  const stored = rows.filter((text) => text !== "").join(", ") || "nothing";
  const known = counters.value("retried_requests");
  return `${stored} of ${requests} requests (${known} known already, ${rejected} rows rejected, ${failed} failed)`;
}

async function importFile(
  file: string,
  intakes: Readonly<Record<Signal, Intake>>,
  totals: Totals,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  try {
    for await (const request of readRecorded(file, defaultHttpLimits.bodyBytesMax)) {
      totals.requests += 1;
      const number = totals.requests;
      const stored = accept(request, intakes).then(
        ({ rejected, message }) => {
          totals.rejected += rejected;
          if (rejected > 0) say(`${file}: request ${number}: ${message}`);
        },
        (error: unknown) => {
          totals.failed += 1;
          say(`${file}: request ${number}: ${toRefusal(error).code}: ${toRefusal(error).message}`);
        },
      );
      underWay.add(stored);
      void stored.finally(() => underWay.delete(stored));
      if (underWay.size >= requestsMax) await Promise.race(underWay);
    }
  } catch (error) {
    totals.failed += 1;
    say(`${file}: ${error instanceof Error ? error.message : error}`);
  }
  await Promise.all(underWay);
}

/** Requests that wait for one fsync together. */
const requestsMax = 16;
/** An import has no key to show. */
const grant = new KeyRing(Date.now).authorize({});

/** Waits where a receiver would tell its client to come again. */
async function accept(
  { bytes, encoding, signal }: RecordedRequest,
  intakes: Readonly<Record<Signal, Intake>>,
): Promise<Acceptance> {
  for (;;) {
    try {
      return await intakes[signal].accept(bytes.slice(), encoding, grant);
    } catch (error) {
      const { retryAfterS } = toRefusal(error);
      if (retryAfterS === undefined) throw error;
      await delay(retryAfterS * 1000);
    }
  }
}
