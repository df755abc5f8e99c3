import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { type Deployment, renderMigration, toLocalTable } from "./render-migration.ts";
import { type Retention, signalOf } from "./retention.ts";

export interface Migration {
  readonly number: number;
  /** The file's name, "0001-spans.sql". */
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

export interface MigrateOptions {
  readonly deployment: Deployment;
  readonly retention: Retention;
  /** Whether nobody else writes to these tables; of tables that are new nobody does. */
  readonly isAlone?: boolean;
  /** Runs one statement; returns its output as text. */
  readonly run: (sql: string) => Promise<string>;
}

const folder = new URL("./migrations/", import.meta.url);

const migrationsTable = `
CREATE TABLE IF NOT EXISTS migrations {{on_cluster}} (
  number UInt32, name String, sha256 String, applied DateTime('UTC')
)
ENGINE = {{engine:ReplacingMergeTree(applied)}}
ORDER BY number`;

/**
 * Brings the tables to what this version needs. Applied files are recorded in ClickHouse; run again it changes
 * nothing. Throws when an applied file was edited since, or was written by a newer version.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { deployment, retention, run } = options;
  const runAll = async (sql: string) => {
    for (const statement of renderMigration(sql, deployment, retention)) await run(statement);
  };
  await runAll(migrationsTable);
  const migrations = readMigrations();
  const applied = await readApplied(run);
  checkApplied(migrations, applied);
  const missing = migrations.filter(({ number }) => !applied.has(number));
  for (const { number, name, sql, sha256 } of missing) {
    // Each statement says IF NOT EXISTS: what a start that was cut short has made is made once more, to no effect.
    await runAll(sql);
    await run(`INSERT INTO migrations SELECT ${number}, '${name}', '${sha256}', now('UTC')`);
  }
  if (options.isAlone || applied.size === 0) {
    for (const view of changedViews(missing)) await runAll(view);
  }
  for (const { sql } of migrations) await applyRetention(sql, options);
}

/**
 * Loads views anew whose query was changed. Until ClickHouse does so at its next start, a file that is inserted once more
 * after that start is not known by its token in what the view fills, and counts twice. What is inserted between the two
 * statements would be missing there.
 */
function changedViews(migrations: readonly Migration[]): string[] {
  const views = migrations.flatMap(
    ({ sql }) => /^ALTER TABLE (\w+) .*MODIFY QUERY/m.exec(sql)?.[1] ?? [],
  );
  return [...new Set(views)].flatMap((view) => [
    `DETACH TABLE ${view} {{on_cluster}} SYNC`,
    `ATTACH TABLE ${view} {{on_cluster}}`,
  ]);
}

/** The tables are what this version needs. */
export async function isMigrated(run: MigrateOptions["run"]): Promise<boolean> {
  const applied = await readApplied(run);
  checkApplied(readMigrations(), applied);
  return readMigrations().every(({ number }) => applied.has(number));
}

/** The migrations of this version, in order. */
export function readMigrations(): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return names.sort().map((name) => {
    const sql = readFileSync(new URL(name, folder), "utf8");
    const sha256 = createHash("sha256").update(sql).digest("hex");
    return { number: Number.parseInt(name, 10), name, sql, sha256 };
  });
}

const ttlClause =
  /CREATE TABLE IF NOT EXISTS (\w+)[\s\S]*^TTL (.*INTERVAL (.*retention_days.*) DAY)$/m;

/** Alters a table that was made with another retention. */
async function applyRetention(
  sql: string,
  { deployment, retention, run }: MigrateOptions,
): Promise<void> {
  const [, table, ttl, days] = ttlClause.exec(sql) ?? [];
  if (table === undefined) return;
  const ttlDays = days!.replace("{{retention_days}}", String(retention[signalOf(table)].days));
  const unchanged = await run(`
    SELECT name
    FROM system.tables
    WHERE database = currentDatabase() AND name = '${toLocalTable(table, deployment)}'
      AND position(engine_full, 'toIntervalDay(${ttlDays})') > 0
    ORDER BY name
    LIMIT 1
    FORMAT TSV`);
  if (unchanged !== "") return;
  const alter = `ALTER TABLE ${table} {{on_cluster}} MODIFY TTL ${ttl}`;
  for (const statement of renderMigration(alter, deployment, retention)) await run(statement);
}

type Applied = ReadonlyMap<number, { readonly name: string; readonly sha256: string }>;

async function readApplied(run: MigrateOptions["run"]): Promise<Applied> {
  const text = await run(
    "SELECT number, name, sha256 FROM migrations FINAL ORDER BY number LIMIT 10000 FORMAT JSONEachRow",
  );
  const rows = text.split("\n").filter((line) => line !== "");
  return new Map(rows.map((row) => JSON.parse(row)).map((row) => [row.number, row]));
}

function checkApplied(migrations: readonly Migration[], applied: Applied): void {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const [number, { name, sha256 }] of applied) {
    const migration = known.get(number);
    if (migration === undefined) {
      throw new Error(`migration ${name} was applied by a newer version; start that version`);
    }
    if (migration.sha256 !== sha256) {
      throw new Error(
        `migration ${migration.name} was edited after it was applied; restore it and add a new file`,
      );
    }
  }
}
