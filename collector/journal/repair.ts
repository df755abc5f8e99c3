import { crc32 } from "node:zlib";
import { type JournalFile, toJournalFile } from "./journal-file.ts";
import { fromSidecar, type JournalRecord, type SidecarLine, toSidecarLine } from "./sidecar.ts";
import type { SpoolFolder } from "./spool-folder.ts";

export interface Repaired {
  readonly file: JournalFile;
  readonly records: readonly JournalRecord[];
  /** Records before the last good one that don't match their CRC, and the rows of those whose line is readable. */
  readonly corruptRecords: number;
  readonly corruptRows: number;
  /** Something followed the last good record and was cut. */
  readonly hadTornTail: boolean;
}

interface Scan {
  /** Offsets are those in the repaired file. */
  readonly good: readonly { readonly record: JournalRecord; readonly block: Uint8Array }[];
  readonly nativeBytes: number;
  readonly corruptRecords: number;
  readonly corruptRows: number;
}

/**
 * Makes a pair of files hold exactly its good records, at most the first `recordsMax`. Rejects with the system's error.
 *
 * The token stays the same although bytes may go, and that is safe. A torn tail exists only in a file that was open
 * when the process died; a file is handed to `insert` only after it was closed, so nothing of it was inserted.
 * Damage in the middle is the disk's: a file that ClickHouse took before is refused whole by its token, and of a file
 * that it did not take there is nothing to repeat.
 */
export async function repair(
  folder: SpoolFolder,
  id: string,
  recordsMax = Number.POSITIVE_INFINITY,
): Promise<Repaired> {
  const native = await folder.fs.readFile(folder.native(id));
  const sidecar = await folder.fs.readFile(folder.sidecar(id), "latin1");
  const { good, nativeBytes, ...corrupt } = scan(native, fromSidecar(sidecar).slice(0, recordsMax));

  const lines = good.map(({ record }) => toSidecarLine(record)).join("");
  // Lines are rebuilt byte for byte, so they are a prefix exactly when no record was lost or moved before the last one.
  const isInPlace = sidecar.startsWith(lines);
  const hadTornTail = isInPlace && (native.length > nativeBytes || sidecar.length > lines.length);
  if (hadTornTail) {
    await folder.fs.truncate(folder.native(id), nativeBytes);
    await folder.fs.truncate(folder.sidecar(id), lines.length);
  } else if (!isInPlace) {
    const blocks = good.map(({ block }) => block);
    await folder.replace(folder.native(id), Buffer.concat(blocks));
    await folder.replace(folder.sidecar(id), Buffer.from(lines, "latin1"));
  }
  folder.bytes += nativeBytes + lines.length - native.length - sidecar.length;
  const records = good.map(({ record }) => record);
  const file = toJournalFile(id, records, nativeBytes, lines.length);
  return { file: { ...file, isVerified: true }, records, ...corrupt, hadTornTail };
}

function scan(native: Uint8Array, lines: readonly SidecarLine[]): Scan {
  const good: Scan["good"][number][] = [];
  const corrupt = { corruptRecords: 0, corruptRows: 0 };
  let nativeBytes = 0;
  // Bad records are a torn tail until a good one follows.
  let bad: SidecarLine[] = [];
  for (const line of lines) {
    const block = line.record && findBlock(native, line.record, nativeBytes);
    if (line.record === undefined || block === undefined) {
      bad.push(line);
      continue;
    }
    corrupt.corruptRecords += bad.length;
    corrupt.corruptRows += bad.reduce((sum, { record }) => sum + (record?.rows ?? 0), 0);
    bad = [];
    good.push({ record: { ...line.record, offset: nativeBytes }, block });
    nativeBytes += block.length;
  }
  return { good, nativeBytes, ...corrupt };
}

/** Where the line says; or right after the record before it, if a crash came between the two renames of a repair. */
function findBlock(
  native: Uint8Array,
  { offset, length, crc32: expected }: JournalRecord,
  end: number,
): Uint8Array | undefined {
  return [offset, end]
    .map((start) => native.subarray(start, start + length))
    .find((block) => block.length === length && crc32(block) === expected);
}

/**
 * Syncs a pair. A process that was killed may have written what it did not sync; once a retry of that is acknowledged
 * because it is known, it must survive a power cut as well.
 */
export async function makeDurable(folder: SpoolFolder, id: string): Promise<void> {
  for (const path of [folder.native(id), folder.sidecar(id)]) {
    const handle = await folder.fs.open(path, "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await folder.sync();
}
