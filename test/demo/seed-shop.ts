import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import type { Postgres } from "../support/postgres.ts";

const schema = join(import.meta.dirname, "shop/schema.sql");

/** Makes the shop's database, its tables and a million rows; takes some seconds. Returns its URL. */
export async function seedShop(postgres: Postgres): Promise<string> {
  await run(postgres.url(), [
    "CREATE DATABASE shop",
    // A query keeps to one core: the demo measures the queries, not how idle the machine is.
    "ALTER DATABASE shop SET max_parallel_workers_per_gather = 0",
    "ALTER DATABASE shop SET jit = off",
  ]);
  const statements = (await readFile(schema, "utf8")).split(/;$/m).filter((text) => text.trim());
  await run(postgres.url("shop"), statements);
  return postgres.url("shop");
}

/** One at a time: VACUUM and CREATE DATABASE refuse to be part of a transaction. */
async function run(connectionString: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
