import { appendFileSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";

export interface MendOptions {
  /** Runs one statement on the session that inserts; returns its output as text. */
  readonly run: (sql: string) => Promise<string>;
  readonly log: (message: string) => void;
}

/** An insert's block, as a table's deduplication log tells it. */
interface LoggedBlock {
  readonly id: string;
  /** "20261122_7_7_0": the partition, its first and last block, the level. */
  readonly part: string;
}

/** `operation \t part \t block id`, a line each: MergeTreeDeduplicationLog.cpp of ClickHouse. */
const added = "1";
const dropped = "2";

/**
 * Forgets the blocks that a killed process had announced and not stored. ClickHouse writes a block's id to the table's
 * deduplication log first, and then gives the part its name:
 *
 *     write tmp_insert_…, fsync | log the id | rename to 20261122_7_7_0
 *                                            ^ a kill here, and the replay of the file is taken for a repeat
 *
 * To be called while nobody inserts: the number of the missing part is given again to the next one. Returns how many
 * blocks were forgotten.
 */
export async function mendDeduplicationLogs({ run, log }: MendOptions): Promise<number> {
  let forgotten = 0;
  for (const { table, folder } of await listTables(run)) {
    const file = lastLogOf(folder);
    if (file === undefined) continue;
    const missing = findMissingBlocks(folder);
    const tornAt = findTornEnd(file);
    if (missing.length === 0 && tornAt === undefined) continue;
    // ClickHouse reads the log when it attaches the table, and writes on behind what it has read.
    await run(`DETACH TABLE ${table}`);
    try {
      if (tornAt !== undefined) truncateSync(file, tornAt);
      appendFileSync(file, missing.map(({ id, part }) => `${dropped}\t${part}\t${id}\n`).join(""));
    } finally {
      await run(`ATTACH TABLE ${table}`);
    }
    forgotten += missing.length;
    log(
      `${table}: ${missing.length} blocks were announced and not stored; their replay is let in\n`,
    );
  }
  return forgotten;
}

async function listTables(
  run: MendOptions["run"],
): Promise<readonly { readonly table: string; readonly folder: string }[]> {
  const rows = await run(`
    SELECT name, data_paths[1] FROM system.tables
    WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name
    FORMAT JSONCompactEachRow`);
  return rows
    .split("\n")
    .filter((row) => row !== "")
    .map((row) => JSON.parse(row))
    .map(([table, folder]: [string, string]) => ({ table, folder }));
}

function listLogs(folder: string): readonly string[] {
  const logs = join(folder, "deduplication_logs");
  const numberOf = (name: string) => Number(name.match(/\d+/)?.[0]);
  return readdirSync(folder).includes("deduplication_logs")
    ? readdirSync(logs)
        .sort((a, b) => numberOf(a) - numberOf(b))
        .map((name) => join(logs, name))
    : [];
}

function lastLogOf(folder: string): string | undefined {
  return listLogs(folder).at(-1);
}

/** Where a line begins that a power cut has cut off, if one has: what is written behind it could not be read. */
function findTornEnd(file: string): number | undefined {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf("\n") + 1;
  return end === bytes.length ? undefined : end;
}

function findMissingBlocks(folder: string): readonly LoggedBlock[] {
  const parts = readdirSync(folder).flatMap((name) => parsePart(name) ?? []);
  const isStored = ({ part }: LoggedBlock) => {
    const block = parsePart(part);
    // A name that we can't read is no reason to touch it.
    if (block === undefined) return true;
    return parts.some(
      ({ partition, first, last }) =>
        partition === block.partition && first <= block.first && last >= block.last,
    );
  };
  return readLoggedBlocks(folder).filter((block) => !isStored(block));
}

/** What the logs say is stored, the last word on each id. */
function readLoggedBlocks(folder: string): readonly LoggedBlock[] {
  const blocks = new Map<string, LoggedBlock>();
  for (const file of listLogs(folder)) {
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
    for (const line of lines) {
      const [operation, part, id] = line.split("\t");
      if (part === undefined || id === undefined) continue;
      if (operation === added) blocks.set(id, { id, part });
      else blocks.delete(id);
    }
  }
  return [...blocks.values()];
}

function parsePart(name: string) {
  const [, partition, first, last] = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/.exec(name) ?? [];
  if (partition === undefined) return undefined;
  return { partition, first: Number(first), last: Number(last) };
}
