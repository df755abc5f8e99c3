import { constants } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkFolder } from "../storage/embedded/check-folder.ts";
import { ConfigError } from "./config-error.ts";

/** What a backup says of itself, in `culprit-backup.json` beside the data. */
export interface BackupNote {
  readonly format: 1;
  readonly version: string;
  readonly madeAt: string;
  /** Of what was received, by table. */
  readonly rows: Readonly<Record<string, number>>;
}

const noteName = "culprit-backup.json";

/**
 * Copies a data folder that nobody uses: database, journal, keys. The copy is checked, part by part, before it gets its
 * name; so a folder of that name is a whole backup. Where the file system can, blocks are shared instead of copied.
 */
export async function backUpData(
  dataFolder: string,
  target: string,
  version: string,
): Promise<BackupNote> {
  await refuseFilled(target, "the backup's folder");
  const database = join(dataFolder, "clickhouse");
  const before = await checkFolder(database);
  const mark = await readMark(database);
  const partial = await copy(dataFolder, target);
  try {
    if ((await readMark(database)) !== mark)
      throw new ConfigError(
        `culprit was started on ${dataFolder} meanwhile: stop it and try again`,
      );
    const rows = await checkFolder(join(partial, "clickhouse"));
    refuseOther(before, rows);
    const note: BackupNote = { format: 1, version, madeAt: new Date().toISOString(), rows };
    await writeFile(join(partial, noteName), `${JSON.stringify(note, undefined, 2)}\n`);
    await finish(partial, target);
    return note;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

/** Copies a backup to a data folder that is not there yet, and checks the copy as `backUpData` does. */
export async function restoreData(source: string, dataFolder: string): Promise<BackupNote> {
  const note = await readNote(source);
  await refuseFilled(dataFolder, "the data folder");
  const partial = await copy(source, dataFolder);
  try {
    refuseOther(note.rows, await checkFolder(join(partial, "clickhouse")));
    await rm(join(partial, noteName));
    await finish(partial, dataFolder);
    return note;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

/** ClickHouse writes it anew at each start. */
async function readMark(database: string): Promise<string> {
  const files = await readdir(join(database, "clickhouse"));
  return files.includes("status") ? readFile(join(database, "clickhouse", "status"), "utf8") : "";
}

async function readNote(source: string): Promise<BackupNote> {
  const text = await readFile(join(source, noteName), "utf8").catch(() => undefined);
  if (text === undefined) throw new ConfigError(`${source} is no backup: it has no ${noteName}`);
  const note = JSON.parse(text) as BackupNote;
  if (note.format === 1) return note;
  throw new ConfigError(
    `${source} was made by a newer version (${note.version}); restore with that`,
  );
}

async function refuseFilled(folder: string, name: string): Promise<void> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (files.length > 0) throw new ConfigError(`${name} ${folder} is not empty`);
}

function refuseOther(
  wanted: Readonly<Record<string, number>>,
  found: Readonly<Record<string, number>>,
): void {
  for (const [table, rows] of Object.entries(wanted)) {
    if (found[table] === rows) continue;
    throw new Error(`the copy has ${found[table] ?? 0} rows of ${table} instead of ${rows}`);
  }
}

async function copy(source: string, target: string): Promise<string> {
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  await cp(source, partial, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  return partial;
}

async function finish(partial: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await rename(partial, target);
}
