import { randomBytes } from "node:crypto";
import type * as fileSystem from "node:fs/promises";
import type { JournalRecord } from "./sidecar.ts";

/** What the journal needs of `node:fs/promises`; tests hand in one that fails. */
export type FileSystem = Pick<
  typeof fileSystem,
  "mkdir" | "open" | "readdir" | "readFile" | "rename" | "rm" | "stat" | "truncate"
>;

/** A closed pair of files, `<id>.native` and `<id>.sidecar`, that waits for its insert. */
export interface JournalFile {
  readonly id: string;
  /** How many records of the pair count; what follows them was never acknowledged. */
  readonly records: number;
  readonly rows: number;
  readonly nativeBytes: number;
  readonly sidecarBytes: number;
  /** When its first and its last record were accepted, in the journal's time. */
  readonly acceptedFromMs: number;
  readonly acceptedUntilMs: number;
  /** False: its records must be checked against their CRCs before it is inserted. */
  readonly isVerified: boolean;
}

/** A pair that holds these records; its blocks are not verified. */
export function toJournalFile(
  id: string,
  records: readonly JournalRecord[],
  nativeBytes: number,
  sidecarBytes: number,
): JournalFile {
  return {
    id,
    records: records.length,
    rows: records.reduce((sum, { rows }) => sum + rows, 0),
    nativeBytes,
    sidecarBytes,
    acceptedFromMs: records[0]?.acceptedMs ?? 0,
    acceptedUntilMs: records.at(-1)?.acceptedMs ?? 0,
    isVerified: false,
  };
}

const idPattern = /^(\d{15})-[0-9a-f]{8}$/;

/** The id in `<id>.native` or `<id>.sidecar`, and which one it is; undefined for any other name. */
export function parseFileName(name: string): { id: string; kind: string } | undefined {
  const [id = "", kind = "", ...rest] = name.split(".");
  const isOurs = idPattern.test(id) && (kind === "native" || kind === "sidecar");
  return isOurs && rest.length === 0 ? { id, kind } : undefined;
}

/**
 * Ids that sort by age and never come twice: a time that only moves forward, and a part of their own for each start.
 * A clock that was set back must not put new files before the leftovers, so time never runs behind `newestId`. The id
 * is the deduplication token: one that came twice would silently drop rows.
 */
export function createIds(now: () => number, newestId: string | undefined): () => string {
  const start = randomBytes(4).toString("hex");
  let newestMs = Number(idPattern.exec(newestId ?? "")?.[1] ?? -1);
  return () => {
    newestMs = Math.max(newestMs + 1, Math.floor(now()));
    return `${String(newestMs).padStart(15, "0")}-${start}`;
  };
}
