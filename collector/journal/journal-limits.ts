/** Every limit of the journal, except the size of its folder, which only its owner can know. */
export interface JournalLimits {
  /** Requests that arrive within this time share one write and one fsync. */
  readonly groupMs: number;
  /** A file is closed and inserted after this time, once those before it are inserted, or at this size. */
  readonly closeAfterMs: number;
  readonly closeAfterRows: number;
  readonly closeAfterBytes: number;
  /** Memory for blocks that wait for the disk. One block alone may be larger. */
  readonly waitingBytesMax: number;
  /** How long, and how many, bodies are remembered to recognise a client's retry. */
  readonly rememberBodiesMs: number;
  readonly rememberBodiesMax: number;
  /** So often a store may refuse a file before it is quarantined; a store that is away does not count. */
  readonly insertAttemptsMax: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export const defaultJournalLimits: JournalLimits = {
  groupMs: 20,
  closeAfterMs: 1000,
  closeAfterRows: 100_000,
  closeAfterBytes: 64 * 2 ** 20,
  waitingBytesMax: 64 * 2 ** 20,
  rememberBodiesMs: 15 * 60_000,
  rememberBodiesMax: 200_000,
  insertAttemptsMax: 3,
  retryMinMs: 250,
  retryMaxMs: 30_000,
};
