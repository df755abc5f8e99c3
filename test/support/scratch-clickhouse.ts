import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";

/** ClickHouse in a temporary folder: for SQL that is tested without the whole of storage. One at a time a process. */
export interface ScratchClickHouse {
  run(sql: string): Promise<void>;
  /** Parameters as storage binds them: lists and numbers by their text. */
  select<Row>(
    sql: string,
    parameters: Readonly<Record<string, string | number | readonly string[]>>,
  ): Promise<Row[]>;
  close(): void;
}

export function openScratchClickHouse(): ScratchClickHouse {
  const folder = mkdtempSync(join(tmpdir(), "culprit-scratch-"));
  const session = new Session(join(folder, "data"));
  return {
    async run(sql) {
      await session.queryAsync(sql);
    },
    async select(sql, parameters) {
      const result = await session.queryBindAsync(sql, parameters, { format: "JSONEachRow" });
      return result
        .text()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    },
    close() {
      session.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
