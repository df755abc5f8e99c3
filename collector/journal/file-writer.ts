import { CollectorError } from "../collector-error.ts";
import type { AcceptedBodies } from "./accepted-bodies.ts";
import type { JournalFile } from "./journal-file.ts";
import type { JournalLimits } from "./journal-limits.ts";
import type { JournalTotals } from "./journal-stats.ts";
import { type JournalEntry, OpenFile } from "./open-file.ts";
import type { SpoolFolder } from "./spool-folder.ts";

export interface FileWriterOptions {
  readonly folder: SpoolFolder;
  readonly limits: JournalLimits;
  readonly totals: JournalTotals;
  readonly bodies: AcceptedBodies;
  readonly nextId: () => string;
  /** The time of the journal. */
  readonly journalMs: () => number;
  readonly log: (message: string) => void;
  /** Files wait for their insert: another one would only wait behind them. */
  readonly isQueueBusy: () => boolean;
  /** A file that nothing will be added to; it has records. */
  readonly onClosed: (file: JournalFile) => void;
}

/** How often a file looks whether it could be inserted now. */
const busyCheckMs = 100;

/**
 * Keeps one file open, closes it when its time or its size is reached, and opens the next with the next group. While
 * earlier files wait for their insert only the size counts: a store that can't keep up gets fewer and larger files, which
 * cost it less. A file that could not be written is left at once: after a failed fsync nobody knows what of it is on disk.
 */
export class FileWriter {
  readonly #options: FileWriterOptions;
  #open: OpenFile | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #lastTurn: Promise<void> = Promise.resolve();
  #failuresInRow = 0;

  constructor(options: FileWriterOptions) {
    this.#options = options;
  }

  /** Undefined also while the first group of a file is being written. */
  get openFile(): JournalFile | undefined {
    const file = this.#open?.toJournalFile();
    return file && file.records > 0 ? file : undefined;
  }

  /** Resolves when the group is durable; rejects with JOURNAL_FAILED when nothing of it is kept. */
  async write(entries: readonly JournalEntry[]): Promise<void> {
    await this.#inTurn(() => this.#write(entries));
  }

  async closeFile(): Promise<void> {
    await this.#inTurn(() => this.#closeFile());
  }

  /** What touches the open file happens one after the other. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(act);
    // Whoever asked for this turn gets its error; the next turn starts afresh.
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #write(entries: readonly JournalEntry[]): Promise<void> {
    const { limits, totals, bodies, journalMs } = this.#options;
    const acceptedMs = journalMs();
    const file = await this.#append(entries, acceptedMs);
    this.#noteSuccess();
    for (const { rows, bodyHashes } of entries) {
      totals.acceptedRequests += bodyHashes.length;
      totals.acceptedRows += rows;
      for (const bodyHash of bodyHashes) bodies.add(bodyHash, acceptedMs, acceptedMs);
    }
    const isFull = file.rows >= limits.closeAfterRows || file.nativeBytes >= limits.closeAfterBytes;
    if (isFull) await this.#closeFile();
  }

  async #append(entries: readonly JournalEntry[], acceptedMs: number): Promise<OpenFile> {
    try {
      this.#open ??= await this.#openFile();
      await this.#open.append(entries, acceptedMs);
      return this.#open;
    } catch (error) {
      this.#countFailure(error);
      await this.#abandonFile();
      throw new CollectorError("JOURNAL_FAILED", "the journal can't be written", error);
    }
  }

  async #openFile(): Promise<OpenFile> {
    const { folder, limits, nextId } = this.#options;
    const file = await OpenFile.create(folder, nextId());
    this.#closeAfter(limits.closeAfterMs);
    return file;
  }

  #closeAfter(ms: number): void {
    this.#closeTimer = setTimeout(() => {
      if (this.#options.isQueueBusy()) this.#closeAfter(busyCheckMs);
      else void this.closeFile();
    }, ms);
  }

  async #closeFile(): Promise<void> {
    const file = this.#open;
    if (file === undefined) return;
    const isClean = await this.#succeeds(() => file.close());
    this.#handOver({ ...file.toJournalFile(), isVerified: isClean });
  }

  /** What was acknowledged before the failure is checked against its CRCs before it is inserted. */
  async #abandonFile(): Promise<void> {
    const file = this.#open;
    if (file === undefined) return;
    await this.#succeeds(() => file.cutBack());
    await this.#succeeds(() => file.close());
    const closed = { ...file.toJournalFile(), isVerified: false };
    if (closed.records === 0) await this.#options.folder.removePair(closed.id, 0);
    this.#handOver(closed);
  }

  #handOver(closed: JournalFile): void {
    clearTimeout(this.#closeTimer);
    this.#open = undefined;
    if (closed.records > 0) this.#options.onClosed(closed);
  }

  async #succeeds(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      this.#countFailure(error);
      return false;
    }
  }

  #countFailure(error: unknown): void {
    this.#options.totals.failedWrites += 1;
    this.#failuresInRow += 1;
    if (this.#failuresInRow === 1) this.#options.log(`the journal can't be written: ${error}`);
  }

  #noteSuccess(): void {
    const failures = this.#failuresInRow;
    this.#failuresInRow = 0;
    if (failures > 0) this.#options.log(`the journal is written again after ${failures} failures`);
  }
}
