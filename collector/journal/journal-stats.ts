/** Totals since the journal was opened. */
export interface JournalTotals {
  acceptedRequests: number;
  acceptedRows: number;
  /** Found on disk at the start. */
  recoveredRows: number;
  insertedFiles: number;
  insertedRows: number;
  quarantinedFiles: number;
  quarantinedRows: number;
  /** Lost to a damaged disk: a record did not match its CRC. */
  corruptRecords: number;
  corruptRows: number;
  /** Unacknowledged ends of files, cut at the start. */
  tornTails: number;
  /** Writes that the disk refused; their requests were refused as well. */
  failedWrites: number;
  failedInserts: number;
  /** Files of the journal that could not be read, moved or removed; they stay for the next start. */
  failedFiles: number;
}

/**
 * What `/metrics` shows of the journal. At every moment
 *
 *   acceptedRows + recoveredRows = insertedRows + journaledRows + quarantinedRows + corruptRows
 */
export interface JournalStats extends Readonly<JournalTotals> {
  /** On disk now, all files of the journal; at most `bytesMax`. */
  readonly bytes: number;
  /** Files that are not inserted yet, with the open one, and the rows in them. */
  readonly files: number;
  readonly journaledRows: number;
  /** Age of the oldest row that is not inserted yet, without the time that no process ran; 0 when there is none. */
  readonly oldestAgeMs: number;
  readonly waitingBytes: number;
  readonly rememberedBodies: number;
  /** Bodies forgotten before their time, because there were too many. */
  readonly forgottenBodies: number;
}

export function createJournalTotals(): JournalTotals {
  return {
    acceptedRequests: 0,
    acceptedRows: 0,
    recoveredRows: 0,
    insertedFiles: 0,
    insertedRows: 0,
    quarantinedFiles: 0,
    quarantinedRows: 0,
    corruptRecords: 0,
    corruptRows: 0,
    tornTails: 0,
    failedWrites: 0,
    failedInserts: 0,
    failedFiles: 0,
  };
}
