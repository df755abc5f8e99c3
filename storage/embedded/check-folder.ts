import { signalTables } from "../retention.ts";
import { openEmbeddedStore } from "./open-embedded-store.ts";
import { quoteString } from "./parameter-settings.ts";

/**
 * Reads every part of every table of a store's folder against its checksums. Resolves with the rows of what was
 * received, by table; rejects when a part is damaged, or with STORE_UNAVAILABLE when another process holds the folder.
 */
export async function checkFolder(folder: string): Promise<Readonly<Record<string, number>>> {
  const { engine, close } = await openEmbeddedStore({ folder, migrates: false });
  try {
    const text = await engine.administer(`
      SELECT name FROM system.tables
      WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
      ORDER BY name LIMIT 1000 FORMAT TSV`);
    const tables = text.split("\n").filter((name) => name !== "");
    const rows: Record<string, number> = {};
    const received = Object.values(signalTables).map(([table]) => table);
    for (const table of tables) {
      const sql = `CHECK TABLE ${table} SETTINGS check_query_single_value_result = 1 FORMAT TSV`;
      const answer = await engine.administer(sql);
      if (answer.trim() !== "1")
        throw new Error(`table ${quoteString(table)} is damaged: ${answer}`);
      if (received.includes(table))
        rows[table] = Number(await engine.administer(`SELECT count() FROM ${table} FORMAT TSV`));
    }
    return rows;
  } finally {
    await close();
  }
}
