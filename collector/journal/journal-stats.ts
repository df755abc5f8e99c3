/** Totals since the journal was opened. */
export interface JournalTotals {
  acceptedRequests: number;
  acceptedSpans: number;
  /** Found on disk at the start. */
  recoveredSpans: number;
  insertedFiles: number;
  insertedSpans: number;
  quarantinedFiles: number;
  quarantinedSpans: number;
  /** Lost to a damaged disk: a record did not match its CRC. */
  corruptRecords: number;
  corruptSpans: number;
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
 *   acceptedSpans + recoveredSpans = insertedSpans + journaledSpans + quarantinedSpans + corruptSpans
 */
export interface JournalStats extends Readonly<JournalTotals> {
  /** On disk now, all files of the journal; at most `bytesMax`. */
  readonly bytes: number;
  /** Files that are not inserted yet, with the open one, and the spans in them. */
  readonly files: number;
  readonly journaledSpans: number;
  /** Age of the oldest span that is not inserted yet; 0 when there is none. */
  readonly oldestAgeMs: number;
  readonly waitingBytes: number;
  readonly rememberedBodies: number;
  /** Bodies forgotten before their time, because there were too many. */
  readonly forgottenBodies: number;
}

export function createJournalTotals(): JournalTotals {
  return {
    acceptedRequests: 0,
    acceptedSpans: 0,
    recoveredSpans: 0,
    insertedFiles: 0,
    insertedSpans: 0,
    quarantinedFiles: 0,
    quarantinedSpans: 0,
    corruptRecords: 0,
    corruptSpans: 0,
    tornTails: 0,
    failedWrites: 0,
    failedInserts: 0,
    failedFiles: 0,
  };
}
