import { readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { errorCode } from "../collector/collector-error.ts";
import { type Erased, eraseAttribute } from "../storage/embedded/erase-attribute.ts";
import { openEmbeddedStore } from "../storage/embedded/open-embedded-store.ts";
import { isMigrated } from "../storage/migrate.ts";
import { StorageError } from "../storage/store.ts";
import { readDataFolder } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { backUpData, restoreData } from "./data-backup.ts";
import { openJournals } from "./open-journals.ts";
import { version } from "./version.ts";

/** The commands that work on the data folder while culprit does not run: it has one owner at a time. */
const helps = {
  backup: `Copies the data folder (database, journal, keys) to a folder of its own, and checks the copy part by part.

Usage: culprit backup DIR [--data FOLDER]

Culprit must not run on the data folder meanwhile. DIR gets its name when the copy is whole; it must not exist, or be empty.

Options:
  --data FOLDER   the data folder, CULPRIT_DATA [./data]

Examples:
  culprit backup /backups/2026-11-22
  culprit backup /backups/2026-11-22 --data /var/lib/culprit
`,
  restore: `Copies a backup to a new data folder, and checks it part by part. The backup stays as it is.

Usage: culprit restore DIR [--data FOLDER]

The data folder must not exist, or be empty. A backup of an older version is brought up to date by the next start.

Options:
  --data FOLDER   the data folder to make, CULPRIT_DATA [./data]

Examples:
  culprit restore /backups/2026-11-22 --data /var/lib/culprit
`,
  erase: `Erases every trace, log and metric that carries a value of an attribute, from the disk, too.

Usage: culprit erase --attribute KEY=VALUE [--data FOLDER]

Culprit must not run on the data folder meanwhile; what waits in its journal is stored first. A trace is erased whole when
the value is on one of its spans, events, links, resources, scopes or logs. What stays: counts per operation and minute,
and findings, which hold no attributes; backups; and the value inside longer texts (lists, log bodies), which are not searched.

Options:
  --attribute KEY=VALUE   exact, case-sensitive; a number or true/false by its text
  --data FOLDER           the data folder, CULPRIT_DATA [./data]

Examples:
  culprit erase --attribute user.id=4711
  culprit erase --attribute enduser.id=jane@example.org --data /var/lib/culprit
`,
} as const;

type DataCommand = keyof typeof helps;

/** Runs `culprit backup`, `restore` or `erase`. Resolves with the exit code. */
export async function dataCommand(name: DataCommand, args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(helps[name]);
    return 0;
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { data: { type: "string" }, attribute: { type: "string" } },
      allowPositionals: true,
    });
    const dataFolder = readDataFolder(values.data);
    if (name === "erase") await erase(dataFolder, values.attribute);
    else await copyData(name, toFolder(positionals), dataFolder);
    return 0;
  } catch (error) {
    process.stderr.write(`culprit ${name}: ${toMessage(error)}\n`);
    return 1;
  }
}

function toMessage(error: unknown): string {
  if (error instanceof StorageError && error.code === "STORE_UNAVAILABLE")
    return `the database can't be opened. Does culprit run on this folder? Stop it first. (${error.message})`;
  return error instanceof Error ? error.message : String(error);
}

/** To open a store makes one: of a name that is misspelt there would be a backup, of nothing. */
async function refuseEmpty(dataFolder: string): Promise<void> {
  const files = await readdir(join(dataFolder, "clickhouse")).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  if (files.length > 0) return;
  throw new ConfigError(`${dataFolder} has no database of culprit; name its folder with --data`);
}

function toFolder(positionals: readonly string[]): string {
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) throw new ConfigError("name one folder; see --help");
  return resolve(folder);
}

async function copyData(name: "backup" | "restore", folder: string, dataFolder: string) {
  const [from, to] = name === "backup" ? [dataFolder, folder] : [folder, dataFolder];
  if (name === "backup") await refuseEmpty(dataFolder);
  log(`copying ${from} to ${to}`);
  const note =
    name === "backup" ? await backUpData(from, to, version) : await restoreData(from, to);
  const rows = Object.entries(note.rows).map(([table, count]) => `${count} ${table}`);
  process.stdout.write(`${to} is whole: ${rows.join(", ")}\n`);
}

async function erase(dataFolder: string, attribute = ""): Promise<void> {
  const [, key, value] = /^([^=]+)=(.+)$/s.exec(attribute) ?? [];
  if (key === undefined || value === undefined)
    throw new ConfigError("say which: --attribute KEY=VALUE; see --help");
  await refuseEmpty(dataFolder);
  const store = await openEmbeddedStore({
    folder: join(dataFolder, "clickhouse"),
    migrates: false,
  });
  let erased: Erased;
  try {
    const { administer } = store.engine;
    if (!(await isMigrated(administer)))
      throw new ConfigError("the data are of an older version: start this one on them once");
    await insertJournals(dataFolder, store);
    erased = await eraseAttribute({ administer, key, value, log });
  } finally {
    await store.close();
  }
  for (const folder of erased.leftFolders) await rm(folder, { recursive: true, force: true });
  const rows = Object.entries(erased.rows).map(([table, count]) => `${count} ${table}`);
  process.stdout.write(
    rows.length === 0
      ? "nothing carries this value\n"
      : `${erased.traces} traces erased; rows: ${rows.join(", ")}\n`,
  );
}

/** What an earlier run acknowledged and had not stored yet could carry the value, too. */
async function insertJournals(
  dataFolder: string,
  store: Parameters<typeof openJournals>[1]["store"],
): Promise<void> {
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const journals = await openJournals(
      { dataFolder, journalBytesMax: Number.MAX_SAFE_INTEGER },
      { store, now: Date.now, log, opened },
    );
    for (const journal of Object.values(journals)) {
      await journal.drain();
      const { journaledRows, quarantinedRows, failedFiles } = journal.stats();
      if (journaledRows + quarantinedRows + failedFiles > 0)
        throw new Error("the journal has files that can't be stored; the log above says why");
    }
    const files = await readdir(join(dataFolder, "journal"), { recursive: true });
    const aside = files.filter((file) => /quarantine\/.+/.test(file));
    if (aside.length > 0)
      throw new Error(
        `files in quarantine are not searched; remove them first: ${aside.join(", ")}`,
      );
  } finally {
    for (const close of opened) await close();
  }
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
