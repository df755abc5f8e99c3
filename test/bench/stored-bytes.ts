import { Session } from "chdb";
import type { BenchServer } from "./bench-server.ts";

/** Stops the server, merges each table to one part a partition (what that costs), and counts. The server's folder is gone after it. */
export async function measureStored(
  server: BenchServer,
  database: string,
  table: string,
): Promise<{ rows: number; bytes: number; mergeCpuSeconds: number }> {
  await server.stop();
  const session = new Session(server.clickhouseFolder, {
    connectionArgs: [...server.clickhouseArgs],
  });
  const ask = async (sql: string) => (await session.queryAsync(sql)).text().trim();
  const tables = await ask(
    `SELECT name FROM system.tables WHERE database = '${database}' AND engine LIKE '%MergeTree' FORMAT TSV`,
  );
  const before = process.cpuUsage();
  for (const name of tables.split("\n")) await ask(`OPTIMIZE TABLE ${database}.${name} FINAL`);
  const { user, system } = process.cpuUsage(before);
  const rows = Number(await ask(`SELECT count() FROM ${database}.${table} FORMAT TSV`));
  const bytes = Number(
    await ask(
      `SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = '${database}' FORMAT TSV`,
    ),
  );
  session.close();
  await server.remove();
  return { rows, bytes, mergeCpuSeconds: (user + system) / 1e6 };
}
