import { statfs } from "node:fs/promises";
import { type Retention, type StoredSignal, signalTables } from "../retention.ts";
import { quoteString } from "./parameter-settings.ts";

export interface RetentionOptions {
  /** Runs a statement of ours with all rights. */
  readonly administer: (sql: string) => Promise<string>;
  readonly retention: Retention;
  /** Of the disk that holds the data. */
  readonly readDisk: () => Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

type Reason = "size" | "disk";

export interface RetentionStats {
  /** Days of a signal that were dropped before their time. */
  readonly droppedDays: readonly {
    readonly signal: StoredSignal;
    readonly reason: Reason;
    readonly days: number;
  }[];
  /** Checks that failed, or that could not drop; the next tries again. */
  readonly failures: number;
}

export interface RetentionKeeper {
  /** Drops what is over a limit, oldest day first; never rejects. */
  check(): Promise<void>;
  stats(): RetentionStats;
  close(): Promise<void>;
}

const checkEveryMs = 60_000;
/** A part of the disk is left free, for merges, the journal and whoever shares the disk. */
const freeShareMin = 0.05;
const freeBytesMin = 10 * 1_073_741_824;

/** A day of a signal: one partition of each of its tables. */
interface Day {
  readonly signal: StoredSignal;
  readonly date: string;
  readonly bytes: number;
  readonly tables: readonly string[];
}

/**
 * Keeps what is stored within its size and the disk's. Days are ended by TTL; this drops days that would end later, when
 * there is too much of them: oldest first, today's only when nothing else is left.
 */
export function keepRetention(options: RetentionOptions): RetentionKeeper {
  const dropped = new Map<string, { signal: StoredSignal; reason: Reason; days: number }>();
  let failures = 0;
  let underWay = Promise.resolve();

  const drop = async (day: Day, reason: Reason, why: string) => {
    for (const table of day.tables)
      await options.administer(`ALTER TABLE ${table} DROP PARTITION ${quoteString(day.date)}`);
    const { signal, date, bytes } = day;
    const key = `${signal} ${reason}`;
    const days = (dropped.get(key)?.days ?? 0) + 1;
    dropped.set(key, { signal, reason, days });
    options.log(`${signal} of ${date} dropped (${toGib(bytes)}): ${why}`);
  };

  const check = async () => {
    try {
      const kept = await dropOverSize(options, drop);
      await dropForDisk(kept, options, drop);
    } catch (cause) {
      failures++;
      options.log(`retention could not be kept, trying again in a minute: ${cause}`);
    }
  };
  const next = () => {
    underWay = underWay.then(check);
    return underWay;
  };
  const timer = setInterval(next, checkEveryMs);
  timer.unref();

  return {
    check: next,
    stats: () => ({ droppedDays: [...dropped.values()], failures }),
    close: () => {
      clearInterval(timer);
      return underWay;
    },
  };
}

/** Free and whole bytes of the disk that a folder is on. */
export async function readDiskOf(
  folder: string,
): Promise<{ freeBytes: number; totalBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

type Drop = (day: Day, reason: Reason, why: string) => Promise<void>;

/** Resolves with the days that are left, oldest first. */
async function dropOverSize(
  { administer, retention }: RetentionOptions,
  drop: Drop,
): Promise<readonly Day[]> {
  const kept: Day[] = [];
  for (const day of (await readDays(administer)).reverse()) {
    const { bytesMax } = retention[day.signal];
    const newer = kept.filter(({ signal }) => signal === day.signal);
    const bytes = newer.reduce((sum, other) => sum + other.bytes, day.bytes);
    // The newest stays, however large: else all that comes would be dropped again within a minute.
    if (bytesMax === 0 || bytes <= bytesMax || newer.length === 0) kept.push(day);
    else await drop(day, "size", `over the limit of ${toGib(bytesMax)}`);
  }
  return kept.reverse();
}

async function dropForDisk(
  days: readonly Day[],
  { readDisk, now }: RetentionOptions,
  drop: Drop,
): Promise<void> {
  const { freeBytes, totalBytes } = await readDisk();
  const wanted = Math.min(totalBytes * freeShareMin, freeBytesMin);
  const today = new Date(now()).toISOString().slice(0, 10);
  const past = days.filter(({ date }) => date < today);
  const present = days.filter(({ date }) => date >= today);
  // Of today's, one a check: what was dropped before may not be off the disk yet.
  const candidates = past.length > 0 ? past : present.slice(0, 1);
  let free = freeBytes;
  for (const day of candidates) {
    if (free >= wanted) return;
    await drop(day, "disk", `${toGib(freeBytes)} are left on the disk`);
    free += day.bytes;
  }
}

/** Oldest first. */
async function readDays(administer: RetentionOptions["administer"]): Promise<Day[]> {
  const tables = Object.values(signalTables).flat();
  const text = await administer(`
    SELECT table, partition, toFloat64(sum(bytes_on_disk)) AS bytes
    FROM system.parts
    WHERE active AND database = currentDatabase() AND table IN (${tables.map(quoteString).join(", ")})
    GROUP BY table, partition
    ORDER BY partition, table
    LIMIT 100000
    FORMAT JSONEachRow
    SETTINGS output_format_json_array_of_rows = 1`);
  const days = new Map<string, Day>();
  for (const { table, partition, bytes } of JSON.parse(text) as Partition[]) {
    const [signal] = Object.entries(signalTables).find(([, of]) => of.includes(table))!;
    const key = `${partition} ${signal}`;
    const day = days.get(key);
    days.set(key, {
      signal: signal as StoredSignal,
      date: partition,
      bytes: (day?.bytes ?? 0) + bytes,
      tables: [...(day?.tables ?? []), table],
    });
  }
  return [...days.values()];
}

interface Partition {
  readonly table: string;
  readonly partition: string;
  readonly bytes: number;
}

function toGib(bytes: number): string {
  return `${(bytes / 1_073_741_824).toFixed(2)} GiB`;
}
