import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import { readMigrations } from "../../storage/migrate.ts";
import { renderMigration } from "../../storage/render-migration.ts";
import { defaultRetention } from "../../storage/retention.ts";
import { spanColumns } from "../../storage/span-columns.ts";
import { insertSettings } from "../../storage/statement-settings.ts";

/** The table `spans` as the migrations make it, without views, in the engine that blocks are meant for. */
export class SpansTable {
  readonly #folder = mkdtempSync(join(tmpdir(), "culprit-spans-table-"));
  readonly #session = new Session(join(this.#folder, "clickhouse"));

  constructor() {
    this.run("SET output_format_json_quote_64bit_integers = 1");
    const settings = Object.entries(insertSettings).map(([name, value]) => `${name} = ${value}`);
    this.run(`SET ${settings.join(", ")}`);
    for (const { sql } of readMigrations()) {
      if (!/^(CREATE|ALTER) TABLE (IF NOT EXISTS )?spans /m.test(sql)) continue;
      for (const statement of renderMigration(sql, { kind: "single" }, defaultRetention)) {
        this.run(statement);
      }
    }
  }

  run(sql: string): void {
    this.#session.query(sql);
  }

  /** All blocks as one file. */
  insert(blocks: readonly Uint8Array[]): void {
    const file = join(this.#folder, "spans.native");
    writeFileSync(file, Buffer.concat(blocks));
    const names = spanColumns.map(({ name }) => name).join(", ");
    this.run(`INSERT INTO spans (${names}) FROM INFILE '${file}' FORMAT Native`);
  }

  select(sql: string): Record<string, unknown>[] {
    const lines = this.#session.query(sql, "JSONEachRow").trim();
    return lines.split("\n").map((line) => JSON.parse(line));
  }

  /** The result as ClickHouse writes it: one block or several. */
  selectBlocks(sql: string): Uint8Array {
    const file = join(this.#folder, "selected.native");
    this.run(`${sql} INTO OUTFILE '${file}' TRUNCATE FORMAT Native`);
    return readFileSync(file);
  }

  close(): void {
    this.#session.cleanup();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
