import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** Which ClickHouse the migrations are rendered for. */
export type Home = "embedded" | "cluster";

export interface Migration {
  readonly number: number;
  /** The file's name, "0001-spans.sql". */
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

export interface MigrateOptions {
  readonly home: Home;
  readonly retentionDays: number;
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
export async function migrate({ home, retentionDays, run }: MigrateOptions): Promise<void> {
  const toSql = (sql: string) => renderMigration(sql, home, retentionDays);
  await run(toSql(migrationsTable));
  const migrations = readMigrations();
  const applied = await readApplied(run);
  checkApplied(migrations, applied);
  for (const { number, name, sql, sha256 } of migrations) {
    if (applied.has(number)) continue;
    await run(toSql(sql));
    await run(`INSERT INTO migrations SELECT ${number}, '${name}', '${sha256}', now('UTC')`);
  }
  for (const { sql } of migrations) await applyRetention(sql, toSql, run);
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

/** Fills in the places that differ between the homes. Cluster names and replica paths are the server's macros. */
export function renderMigration(sql: string, home: Home, retentionDays: number): string {
  const isCluster = home === "cluster";
  return sql
    .replaceAll(" {{on_cluster}}", isCluster ? " ON CLUSTER '{cluster}'" : "")
    .replaceAll(/\{\{engine:([^}]+)\}\}/g, isCluster ? "Replicated$1" : "$1")
    .replaceAll("{{retention_days}}", String(retentionDays))
    .replaceAll(
      "{{deduplication_window}}",
      isCluster ? "replicated_deduplication_window" : "non_replicated_deduplication_window",
    );
}

const ttlClause =
  /CREATE TABLE IF NOT EXISTS (\w+)[\s\S]*^TTL (.*INTERVAL (.*retention_days.*) DAY)$/m;

/** Alters a table that was made with another retention. */
async function applyRetention(
  sql: string,
  toSql: (sql: string) => string,
  run: MigrateOptions["run"],
): Promise<void> {
  const [, table, ttl, days] = ttlClause.exec(sql) ?? [];
  if (table === undefined) return;
  const unchanged = await run(`
    SELECT name
    FROM system.tables
    WHERE database = currentDatabase() AND name = '${table}'
      AND position(engine_full, ${toSql(`'toIntervalDay(${days})'`)}) > 0
    ORDER BY name
    LIMIT 1`);
  if (unchanged === "") await run(toSql(`ALTER TABLE ${table} {{on_cluster}} MODIFY TTL ${ttl}`));
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
