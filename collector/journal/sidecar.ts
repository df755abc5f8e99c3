import { crc32 } from "node:zlib";

/** Accepted requests: where their Native block is in `<id>.native`, and how to know that it is whole. */
export interface JournalRecord {
  readonly offset: number;
  readonly length: number;
  readonly crc32: number;
  readonly rows: number;
  /** One for each request. */
  readonly bodyHashes: readonly string[];
  /** In the journal's time, milliseconds: `createJournalClock`. */
  readonly acceptedMs: number;
}

/** A line of a sidecar; without a record it is damaged. */
export interface SidecarLine {
  readonly record: JournalRecord | undefined;
}

/**
 * A record as a line of text that carries its own CRC, so that a torn or damaged line is known as such:
 *
 *   offset length crc32 rows bodyHash,bodyHash… acceptedMs lineCrc32\n
 */
export function toSidecarLine(record: JournalRecord): string {
  const { offset, length, rows, bodyHashes, acceptedMs } = record;
  const text = `${offset} ${length} ${record.crc32} ${rows} ${bodyHashes.join(",")} ${acceptedMs}`;
  return `${text} ${crc32(text)}\n`;
}

/** The lines of a sidecar that was read as latin1, so that a character is a byte. */
export function fromSidecar(text: string): SidecarLine[] {
  const lines = text.split("\n");
  // What follows the last newline is a line that was torn; or nothing, which is no line.
  const torn = lines.pop() === "" ? [] : [{ record: undefined }];
  return [...lines.map((line) => ({ record: toRecord(line) })), ...torn];
}

function toRecord(line: string): JournalRecord | undefined {
  const lineCrcAt = line.lastIndexOf(" ");
  if (lineCrcAt === -1) return undefined;
  const text = line.slice(0, lineCrcAt);
  if (crc32(text) !== Number(line.slice(lineCrcAt + 1))) return undefined;
  const [offset, length, blockCrc32, rows, bodyHashes = "", acceptedMs] = text.split(" ");
  return {
    offset: Number(offset),
    length: Number(length),
    crc32: Number(blockCrc32),
    rows: Number(rows),
    bodyHashes: bodyHashes.split(","),
    acceptedMs: Number(acceptedMs),
  };
}
