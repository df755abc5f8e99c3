import { join } from "node:path";
import type { AcceptedBodies } from "./accepted-bodies.ts";
import { type JournalFile, parseFileName, toJournalFile } from "./journal-file.ts";
import type { JournalLimits } from "./journal-limits.ts";
import type { JournalTotals } from "./journal-stats.ts";
import { makeDurable, repair } from "./repair.ts";
import { fromSidecar, type JournalRecord } from "./sidecar.ts";
import type { SpoolFolder } from "./spool-folder.ts";

export interface Recovery {
  readonly folder: SpoolFolder;
  readonly bodies: AcceptedBodies;
  /** Counts what it finds. */
  readonly totals: JournalTotals;
  readonly limits: JournalLimits;
  readonly log: (message: string) => void;
}

/** `newestMs`: the journal's time at its last record. */
interface TimedRecovery extends Recovery {
  readonly newestMs: number;
}

/** Sizes of the two files of an id; undefined: not there. */
type Sizes = Partial<Record<string, number>>;

/**
 * What earlier runs left, oldest first, the newest id they used, and how far the journal's time had come. Whatever is wrong with a file is counted and
 * never stops the start.
 */
export async function recover(recovery: Recovery): Promise<{
  files: JournalFile[];
  newestId: string | undefined;
  newestMs: number | undefined;
}> {
  const sizesById = await listFiles(recovery.folder);
  const ids = [...sizesById.keys()].sort();
  const newestMs = await findNewestMs(recovery.folder, ids);
  const timed: TimedRecovery = { ...recovery, newestMs: newestMs ?? 0 };
  const files: JournalFile[] = [];
  for (const id of ids) {
    try {
      const file = await recoverPair(timed, id, sizesById.get(id) ?? {});
      if (file !== undefined) files.push(file);
    } catch (error) {
      recovery.totals.failedFiles += 1;
      recovery.log(`journal file ${id} can't be read and is left for the next start: ${error}`);
    }
  }
  recovery.totals.recoveredRows += files.reduce((sum, { rows }) => sum + rows, 0);
  return { files, newestId: ids.at(-1), newestMs };
}

/** When the last record was accepted, in the journal's time; undefined: there is none. */
async function findNewestMs(
  folder: SpoolFolder,
  ids: readonly string[],
): Promise<number | undefined> {
  for (const id of ids.toReversed()) {
    // A sidecar that is missing or can't be read is dealt with, and counted, when its pair is recovered.
    const text = await folder.fs.readFile(folder.sidecar(id), "latin1").catch(() => "");
    const newest = fromSidecar(text).findLast(({ record }) => record !== undefined);
    if (newest?.record !== undefined) return newest.record.acceptedMs;
  }
  return undefined;
}

async function listFiles(folder: SpoolFolder): Promise<Map<string, Sizes>> {
  const sizesById = new Map<string, Sizes>();
  for (const name of await folder.fs.readdir(folder.path)) {
    const path = join(folder.path, name);
    const file = parseFileName(name);
    if (file === undefined) {
      const isHalfRepair = name.endsWith(".new") && parseFileName(name.slice(0, -4)) !== undefined;
      if (isHalfRepair) await folder.fs.rm(path, { force: true });
      continue;
    }
    const { size } = await folder.fs.stat(path);
    folder.bytes += size;
    sizesById.set(file.id, { ...sizesById.get(file.id), [file.kind]: size });
  }
  for (const name of await folder.fs.readdir(folder.quarantinePath)) {
    folder.bytes += (await folder.fs.stat(join(folder.quarantinePath, name))).size;
  }
  return sizesById;
}

async function recoverPair(
  recovery: TimedRecovery,
  id: string,
  { native, sidecar }: Sizes,
): Promise<JournalFile | undefined> {
  const { folder, totals } = recovery;
  if (sidecar === undefined) {
    if (native === 0) return void (await folder.removePair(id, 0));
    totals.quarantinedFiles += 1;
    return void (await folder.quarantineNative(id));
  }
  const lines = fromSidecar(await folder.fs.readFile(folder.sidecar(id), "latin1"));
  const records = lines.flatMap(({ record }) => record ?? []);
  const file = { ...toJournalFile(id, records, native ?? 0, sidecar), records: lines.length };
  if (native === undefined) return void (await recoverSidecar(recovery, file, records));
  // The hashes of an old file are of no use, so its blocks are checked when its turn comes: a start reads at most
  // the last minutes, however long the journal is.
  const isOld = records.length > 0 && file.acceptedUntilMs <= rememberFromMs(recovery);
  return isOld ? file : await recoverRecent(recovery, file);
}

async function recoverSidecar(
  recovery: TimedRecovery,
  { id, sidecarBytes: bytes, acceptedUntilMs }: JournalFile,
  records: readonly JournalRecord[],
): Promise<void> {
  remember(recovery, records);
  const isOld = acceptedUntilMs <= rememberFromMs(recovery);
  if (isOld) await recovery.folder.removePair(id, bytes);
  else recovery.folder.keepSidecar({ id, bytes, acceptedUntilMs });
}

/** Only a body whose block is whole counts as accepted: the retry of any other one must be stored. */
async function recoverRecent(
  recovery: TimedRecovery,
  unverified: JournalFile,
): Promise<JournalFile | undefined> {
  const { folder, totals } = recovery;
  const { id } = unverified;
  const repairing = repair(folder, id).then(async (repaired) => {
    if (repaired.records.length > 0) await makeDurable(folder, id);
    return repaired;
  });
  const { file, records, ...repaired } = await repairing.catch((error: unknown) => {
    totals.failedFiles += 1;
    recovery.log(`journal file ${id} is checked again before its insert: ${error}`);
    const nothing = { corruptRecords: 0, corruptRows: 0, hadTornTail: false };
    return { file: unverified, records: [], ...nothing };
  });
  totals.corruptRecords += repaired.corruptRecords;
  totals.corruptRows += repaired.corruptRows;
  totals.recoveredRows += repaired.corruptRows;
  totals.tornTails += Number(repaired.hadTornTail);
  remember(recovery, records);
  if (file.records > 0) return file;
  return void (await folder.removePair(id, file.nativeBytes + file.sidecarBytes));
}

function remember(recovery: TimedRecovery, records: readonly JournalRecord[]): void {
  const fromMs = rememberFromMs(recovery);
  for (const { bodyHashes, acceptedMs } of records) {
    if (acceptedMs <= fromMs) continue;
    for (const hash of bodyHashes) recovery.bodies.add(hash, acceptedMs, recovery.newestMs);
  }
}

/** Bodies accepted after this are remembered. */
function rememberFromMs({ newestMs, limits }: TimedRecovery): number {
  return newestMs - limits.rememberBodiesMs;
}
