import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "../collector-error.ts";
import type { JournalFile } from "./journal-file.ts";
import type { JournalLimits } from "./journal-limits.ts";
import type { JournalTotals } from "./journal-stats.ts";
import { repair } from "./repair.ts";
import type { SpoolFolder } from "./spool-folder.ts";

export interface InsertQueueOptions {
  readonly folder: SpoolFolder;
  readonly limits: JournalLimits;
  readonly totals: JournalTotals;
  readonly insert: (file: string, token: string) => Promise<void>;
  readonly log: (message: string) => void;
}

/**
 * Closed files, oldest first, one at a time. A store that is away is waited for without end. A file that can't be
 * inserted for another reason is put aside after some attempts, so that it does not hold up those behind it.
 */
export class InsertQueue {
  readonly #options: InsertQueueOptions;
  readonly #files: JournalFile[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #failuresInRow = 0;

  constructor(options: InsertQueueOptions) {
    this.#options = options;
  }

  get files(): readonly JournalFile[] {
    return this.#files;
  }

  push(file: JournalFile): void {
    this.#files.push(file);
    if (!this.#stop.signal.aborted) this.#running ??= this.#run();
  }

  /** Resolves when the queue is empty, or stopped. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Waits for the insert that is under way; what is left stays on disk. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { retryMinMs, retryMaxMs, insertAttemptsMax } = this.#options.limits;
    let attempts = 0;
    let retryMs = retryMinMs;
    while (this.#files[0] !== undefined && !this.#stop.signal.aborted) {
      const error = await this.#tryInsert(this.#files[0]);
      if (error !== undefined && errorCode(error) !== "STORE_UNAVAILABLE") attempts += 1;
      if (error !== undefined && attempts < insertAttemptsMax) {
        // Aborted by `stop`: the loop's condition ends it.
        await delay(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, retryMaxMs);
        continue;
      }
      await (error === undefined ? this.#finish() : this.#quarantine(error));
      attempts = 0;
      retryMs = retryMinMs;
    }
    this.#running = undefined;
  }

  /** Returns why the first file could not be inserted; undefined: it was. */
  async #tryInsert(file: JournalFile): Promise<Error | undefined> {
    const { folder, totals, insert } = this.#options;
    try {
      const verified = file.isVerified ? file : await this.#verify(file);
      if (verified.records > 0) await insert(folder.native(verified.id), verified.id);
      return undefined;
    } catch (error) {
      totals.failedInserts += 1;
      this.#logFailure(file, error);
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #finish(): Promise<void> {
    const { folder, totals, log } = this.#options;
    // Off the queue and counted in one go, so that the totals are right at every moment.
    const file = this.#files.shift()!;
    totals.insertedFiles += Number(file.records > 0);
    totals.insertedRows += file.rows;
    if (this.#failuresInRow > 0) log(`inserts go on after ${this.#failuresInRow} failures`);
    this.#failuresInRow = 0;
    await folder.removeInserted(file);
  }

  async #quarantine(error: Error): Promise<void> {
    const { folder, totals, log } = this.#options;
    const file = this.#files.shift()!;
    totals.quarantinedFiles += 1;
    totals.quarantinedRows += file.rows;
    log(`journal file ${file.id} with ${file.rows} rows is quarantined: ${error}`);
    await folder.quarantine(file.id);
  }

  async #verify(file: JournalFile): Promise<JournalFile> {
    const { folder, totals } = this.#options;
    const { file: verified } = await repair(folder, file.id, file.records);
    totals.corruptRecords += file.records - verified.records;
    totals.corruptRows += file.rows - verified.rows;
    // In one go with the totals: until it is replaced, the file on the queue counts its lost rows as well.
    this.#files[0] = verified;
    return verified;
  }

  #logFailure(file: JournalFile, error: unknown): void {
    this.#failuresInRow += 1;
    if (this.#failuresInRow > 1) return;
    this.#options.log(`journal file ${file.id} can't be inserted and is tried again: ${error}`);
  }
}
