import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blockTables } from "./block-tables.ts";
import { toParameterSettings } from "./embedded/parameter-settings.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { type Deployment, renderMigration } from "./render-migration.ts";
import { defaultRetention } from "./retention.ts";

describe("the rendered migrations", () => {
  const embedded: Deployment = { kind: "single" };
  const cluster: Deployment = { kind: "cluster", name: "{cluster}", database: "default" };
  const statementsOf = (deployment: Deployment) =>
    readMigrations().flatMap(({ sql }) => renderMigration(sql, deployment, defaultRetention));
  const render = (deployment: Deployment) =>
    readMigrations()
      .map(({ name, sql }) => {
        const statements = renderMigration(sql, deployment, defaultRetention);
        return `-- ${name}\n${statements.join(";\n")}`;
      })
      .join("\n");

  test("for the embedded home", async () => {
    await expect(render(embedded)).toMatchFileSnapshot("./__snapshots__/embedded.sql");
  });

  test("for a cluster", async () => {
    await expect(render(cluster)).toMatchFileSnapshot("./__snapshots__/cluster.sql");
  });

  test("are what ClickHouse can read, each as one statement", async () => {
    const folder = mkdtempSync(join(tmpdir(), "culprit-render-"));
    const session = new Session(folder);
    try {
      for (const statement of [...statementsOf(embedded), ...statementsOf(cluster)]) {
        const bound = toParameterSettings({ statement });
        const query = `${bound} SELECT formatQuery({statement:String})`;
        const text = (await session.queryAsync(query, { format: "TSVRaw" })).text();
        expect(text).toMatch(/^(ALTER TABLE|CREATE (TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS) /);
      }
    } finally {
      session.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("on a cluster every statement is for all of its servers, and every table has replicas", () => {
    for (const statement of statementsOf(cluster)) {
      expect(statement).toContain("ON CLUSTER '{cluster}'");
      expect(statement).not.toMatch(/^ENGINE = (Replacing|Summing|Aggregating)?MergeTree/m);
    }
  });

  test("leave no place unfilled", () => {
    expect(render(embedded) + render(cluster)).not.toMatch(/\{\{|\}\}/);
  });
});

describe("migrate", () => {
  const folder = mkdtempSync(join(tmpdir(), "culprit-migrate-"));
  let session: Session;
  const run = async (sql: string) => (await session.queryAsync(sql)).text();
  const options = {
    deployment: { kind: "single" },
    retention: defaultRetention,
    run,
  } as const;

  beforeAll(async () => {
    session = new Session(folder);
    await migrate(options);
  });

  afterAll(() => {
    session.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("records what it applied, each file once, also when it is run again", async () => {
    await migrate(options);
    const names = await run("SELECT name FROM migrations ORDER BY number FORMAT TSV");
    expect(names.trim().split("\n")).toEqual(readMigrations().map(({ name }) => name));
  });

  test.each(Object.entries(blockTables))(
    "gives %s the columns that the decoder writes, in its order",
    async (table, columns) => {
      const names = await run(`
      SELECT name FROM system.columns
      WHERE database = currentDatabase() AND table = '${table}' AND default_kind NOT IN ('ALIAS', 'MATERIALIZED')
      ORDER BY position FORMAT TSV`);
      expect(names.trim().split("\n")).toEqual(columns.map(({ name }) => name));
    },
  );

  test("gives every table that grows an end", async () => {
    const endless = await run(`
      SELECT name FROM system.tables
      WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND position(engine_full, 'TTL') = 0
      ORDER BY name FORMAT TSV`);
    expect(endless.trim().split("\n")).toEqual(["migrations", "watermarks"]);
  });

  test("alters the tables when the retention was changed", async () => {
    const ttlOf = (table: string) =>
      run(`SELECT extract(engine_full, 'TTL (.*) SETTINGS') FROM system.tables
        WHERE database = currentDatabase() AND name = '${table}' FORMAT TSV`);
    const retention = { ...defaultRetention, traces: { days: 3, bytesMax: 0 } };
    await migrate({ ...options, retention });
    expect(await ttlOf("spans")).toBe("toDateTime(ts) + toIntervalDay(3)\n");
    expect(await ttlOf("traces")).toBe("day + toIntervalDay(3 + 1)\n");
    expect(await ttlOf("ops_1m")).toBe("minute + toIntervalDay(90)\n");
  });

  test("refuses a file that was edited after it was applied", async () => {
    await run(
      "ALTER TABLE migrations UPDATE sha256 = 'old' WHERE number = 2 SETTINGS mutations_sync = 1",
    );
    await expect(migrate(options)).rejects.toThrow(
      "migration 0002-resources.sql was edited after it was applied; restore it and add a new file",
    );
    await run("ALTER TABLE migrations DELETE WHERE number = 2 SETTINGS mutations_sync = 1");
    await migrate(options);
  });

  test("refuses data of a newer version", async () => {
    await run("INSERT INTO migrations SELECT 9999, '9999-later.sql', '', now('UTC')");
    await expect(migrate(options)).rejects.toThrow(
      "migration 9999-later.sql was applied by a newer version; start that version",
    );
  });
});
