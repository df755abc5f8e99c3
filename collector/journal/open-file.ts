import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { type JournalFile, toJournalFile } from "./journal-file.ts";
import { type JournalRecord, toSidecarLine } from "./sidecar.ts";
import type { SpoolFolder } from "./spool-folder.ts";

/** Requests as the journal takes them: all of them or none. */
export interface JournalEntry {
  /** A Native block of rows. It must not change until `append` settles. */
  readonly block: Uint8Array;
  readonly rows: number;
  /** Of each request, what a retry of it has in common with it; no white space, no comma. */
  readonly bodyHashes: readonly string[];
}

/** The one pair of files that is written to. Calls must not overlap. */
export class OpenFile {
  readonly id: string;
  readonly #folder: SpoolFolder;
  readonly #native: FileHandle;
  readonly #sidecar: FileHandle;
  /** What is acknowledged: fsynced in both files. */
  readonly #records: JournalRecord[] = [];
  rows = 0;
  nativeBytes = 0;
  sidecarBytes = 0;

  private constructor(folder: SpoolFolder, id: string, native: FileHandle, sidecar: FileHandle) {
    this.id = id;
    this.#folder = folder;
    this.#native = native;
    this.#sidecar = sidecar;
  }

  static async create(folder: SpoolFolder, id: string): Promise<OpenFile> {
    const handles: FileHandle[] = [];
    try {
      // Flag "ax": append, and fail if the id was ever used.
      const sidecar = await folder.fs.open(folder.sidecar(id), "ax", 0o600);
      handles.push(sidecar);
      const native = await folder.fs.open(folder.native(id), "ax", 0o600);
      handles.push(native);
      await folder.sync();
      return new OpenFile(folder, id, native, sidecar);
    } catch (error) {
      await Promise.allSettled(handles.map((handle) => handle.close()));
      await folder.removePair(id, 0);
      throw error;
    }
  }

  /** As it would be if it were closed now. */
  toJournalFile(): JournalFile {
    return toJournalFile(this.id, this.#records, this.nativeBytes, this.sidecarBytes);
  }

  /** Makes a group durable. When it rejects, nothing of the group counts, and the file is only good for `cutBack`. */
  async append(entries: readonly JournalEntry[], acceptedMs: number): Promise<void> {
    const records: JournalRecord[] = [];
    let offset = this.nativeBytes;
    for (const { block, rows, bodyHashes } of entries) {
      const length = block.length;
      records.push({ offset, length, crc32: crc32(block), rows, bodyHashes, acceptedMs });
      offset += length;
    }
    const lines = records.map(toSidecarLine).join("");
    await append(
      this.#native,
      entries.map(({ block }) => block),
    );
    await this.#sidecar.appendFile(lines, "latin1");
    await Promise.all([this.#native.sync(), this.#sidecar.sync()]);

    for (const record of records) {
      this.#records.push(record);
      this.rows += record.rows;
    }
    this.#folder.bytes += offset - this.nativeBytes + lines.length;
    this.nativeBytes = offset;
    this.sidecarBytes += lines.length;
  }

  /** After a failed `append`: takes off what was not acknowledged, so that a start would not find it. */
  async cutBack(): Promise<void> {
    await this.#native.truncate(this.nativeBytes);
    await this.#sidecar.truncate(this.sidecarBytes);
    await Promise.all([this.#native.sync(), this.#sidecar.sync()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#native.close(), this.#sidecar.close()]);
  }
}

/** One write of all chunks, without a copy. A disk that takes only a part of it gets the rest. */
async function append(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks);
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  if (bytesWritten < bytes) await handle.appendFile(Buffer.concat(chunks).subarray(bytesWritten));
}
