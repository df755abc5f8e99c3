import { ok as assert } from "node:assert/strict";
import * as nodeFileSystem from "node:fs/promises";
import { CollectorError } from "../collector-error.ts";
import { AcceptedBodies } from "./accepted-bodies.ts";
import { type HashBody, openBodyHash } from "./body-hash.ts";
import { FileWriter } from "./file-writer.ts";
import { GroupCommit } from "./group-commit.ts";
import { InsertQueue } from "./insert-queue.ts";
import { createIds, type FileSystem } from "./journal-file.ts";
import { defaultJournalLimits, type JournalLimits } from "./journal-limits.ts";
import { createJournalTotals, type JournalStats, type JournalTotals } from "./journal-stats.ts";
import type { JournalEntry } from "./open-file.ts";
import { recover } from "./recover.ts";
import { SpoolFolder } from "./spool-folder.ts";

export interface JournalOptions extends Partial<JournalLimits> {
  readonly folder: string;
  /**
   * Stores a file of Native blocks: exactly once for equal `token`, which comes with equal bytes. An error with code
   * `STORE_UNAVAILABLE` is tried again without end; any other one `insertAttemptsMax` times.
   */
  readonly insert: (file: string, token: string) => Promise<void>;
  /** Bytes on disk of all files of the journal, also of those in quarantine, and of `otherBytes`. */
  readonly bytesMax: number;
  /** What others have of `bytesMax`; by default it is the journal's alone. */
  readonly otherBytes?: () => number;
  /** Unix milliseconds; it may jump. */
  readonly now: () => number;
  /** Milliseconds that only go forward, from anywhere. */
  readonly uptimeMs?: () => number;
  /** Once per change: inserts fail, inserts go on, a file is quarantined, a group was not written. */
  readonly log: (message: string) => void;
  readonly fs?: FileSystem;
}

/** Of a line of a sidecar: its numbers, and each hash with what parts it from the next. */
const numbersBytesMax = 128;
const hashBytesMax = 129;
const sweepIntervalMs = 60_000;

export interface Journal {
  /**
   * Resolves when the block is on disk for good (fsynced): then the request may be acknowledged. Rejects with
   * JOURNAL_FULL (no room until files are inserted), JOURNAL_BUSY (the disk is too slow), JOURNAL_FAILED (the disk
   * refused) or JOURNAL_CLOSED; then nothing was kept and the client may try again.
   */
  append(entry: JournalEntry): Promise<void>;

  /** What a retry of a request has in common with it, also in a later run. */
  readonly hashBody: HashBody;

  /** The body was accepted in the last 15 minutes of the journal's own time, also by an earlier run. */
  hasAccepted(bodyHash: string): boolean;

  stats(): JournalStats;

  /** On disk, or waiting for it. */
  bytes(): number;

  /** Closes the open file; resolves when all files are inserted or quarantined, or when `close` is called. */
  drain(): Promise<void>;

  /** Commits what waits and ends after the insert under way. What is not inserted is replayed at the next start. */
  close(): Promise<void>;
}

/** Creates the folder if it is missing, and takes up what an earlier run left in it. One process owns a folder. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { insert, now, log, fs = nodeFileSystem } = options;
  const limits = { ...defaultJournalLimits, ...options };
  const totals = createJournalTotals();
  const folder = new SpoolFolder(fs, options.folder, totals);
  await folder.create();
  const bodies = new AcceptedBodies(limits);
  const { files, newestId, newestMs } = await recover({ folder, bodies, totals, limits, log });
  const journalMs = createJournalClock(options, newestMs ?? now());
  const hashBody = await openBodyHash(folder, log);

  const queue = new InsertQueue({ folder, limits, totals, insert, log });
  for (const file of files) queue.push(file);
  const writer = new FileWriter({
    folder,
    limits,
    totals,
    bodies,
    journalMs,
    log,
    nextId: createIds(now, newestId),
    isQueueBusy: () => queue.files.length > 0,
    onClosed: (file) => queue.push(file),
  });
  const parts = { options, limits, journalMs, folder, totals, bodies, hashBody, queue, writer };
  return new DiskJournal(parts);
}

/**
 * The time that processes of this journal have seen pass, one after the other: it goes on where the last record of the
 * last process left it. So it knows nothing of the time between two processes, and no clock that is set can make it
 * jump: what is 15 minutes old by it is so for certain.
 */
function createJournalClock(
  { uptimeMs = () => performance.now() }: JournalOptions,
  fromMs: number,
): () => number {
  const startMs = uptimeMs();
  return () => fromMs + Math.floor(uptimeMs() - startMs);
}

interface Parts {
  readonly options: JournalOptions;
  readonly limits: JournalLimits;
  readonly journalMs: () => number;
  readonly folder: SpoolFolder;
  readonly totals: JournalTotals;
  readonly bodies: AcceptedBodies;
  readonly hashBody: HashBody;
  readonly queue: InsertQueue;
  readonly writer: FileWriter;
}

/** append ─▶ GroupCommit ─▶ FileWriter ─▶ InsertQueue ─▶ insert */
class DiskJournal implements Journal {
  readonly hashBody: HashBody;
  readonly #parts: Parts;
  readonly #groups: GroupCommit;
  readonly #sweepTimer: NodeJS.Timeout;
  #isClosed = false;

  constructor(parts: Parts) {
    const { limits, writer } = parts;
    this.hashBody = parts.hashBody;
    this.#parts = parts;
    this.#groups = new GroupCommit({ ...limits, commit: (entries) => writer.write(entries) });
    this.#sweepTimer = setInterval(() => void this.#sweep(), sweepIntervalMs).unref();
  }

  async append(entry: JournalEntry): Promise<void> {
    const isWord = (hash: string) => /^[^\s,]{1,128}$/.test(hash);
    assert(entry.bodyHashes.every(isWord), "a body hash is one word");
    if (this.#isClosed) throw new CollectorError("JOURNAL_CLOSED", "the journal is closed");
    const { bytesMax, otherBytes } = this.#parts.options;
    const bytes = this.bytes() + (otherBytes?.() ?? 0);
    const lineBytesMax = numbersBytesMax + entry.bodyHashes.length * hashBytesMax;
    if (bytes + entry.block.length + lineBytesMax > bytesMax) {
      throw new CollectorError("JOURNAL_FULL", `the journal has ${bytes} of ${bytesMax} bytes`);
    }
    await this.#groups.add(entry);
  }

  hasAccepted(bodyHash: string): boolean {
    return this.#parts.bodies.has(bodyHash, this.#parts.journalMs());
  }

  stats(): JournalStats {
    const { totals, folder, bodies, queue, writer, journalMs } = this.#parts;
    const files = [...queue.files, writer.openFile].filter((file) => file !== undefined);
    const [oldest] = files;
    const oldestAgeMs = oldest === undefined ? 0 : journalMs() - oldest.acceptedFromMs;
    return {
      ...totals,
      bytes: folder.bytes,
      files: files.length,
      journaledRows: files.reduce((sum, { rows }) => sum + rows, 0),
      oldestAgeMs: Math.max(0, oldestAgeMs),
      waitingBytes: this.#groups.waitingBytes,
      rememberedBodies: bodies.size,
      forgottenBodies: bodies.forgottenEarly,
    };
  }

  bytes(): number {
    return this.#parts.folder.bytes + this.#groups.waitingBytes;
  }

  async drain(): Promise<void> {
    await this.#parts.writer.closeFile();
    await this.#parts.queue.idle();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweepTimer);
    await this.#groups.flush();
    await this.#parts.queue.stop();
    await this.#parts.writer.closeFile();
  }

  async #sweep(): Promise<void> {
    const { folder, limits, journalMs } = this.#parts;
    await folder.sweep(journalMs() - limits.rememberBodiesMs);
  }
}
