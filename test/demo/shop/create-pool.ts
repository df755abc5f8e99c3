import pg from "pg";
import { setting } from "./config.ts";

/**
 * A connection that breaks while nobody uses it is only reported: the pool opens another. Idle ones don't keep the
 * process from ending.
 */
export function createPool(max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: setting("DATABASE_URL"),
    max,
    allowExitOnIdle: true,
  });
  pool.on("error", ({ message }) => process.stderr.write(`lost a connection: ${message}\n`));
  return pool;
}
