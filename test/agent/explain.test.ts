import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { explain } from "../../agent/plans/explain.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";

let postgres: Postgres;
let client: Client;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres?.stop());

beforeEach(async () => {
  client = new Client(postgres.url());
  await client.connect();
  await client.query("DROP TABLE IF EXISTS items, audit");
  await client.query("CREATE TABLE items AS SELECT id, 1 AS n FROM generate_series(1, 9) AS id");
  await client.query("CREATE TABLE audit (id int)");
});

afterEach(() => client.end());

const rowsOf = async (sql: string) => (await client.query({ text: sql, rowMode: "array" })).rows;

describe("the plan of a statement", () => {
  it("is told without its parameters", async () => {
    const plan = await explain(client, "SELECT * FROM items WHERE id = $1 AND n > $2 LIMIT 3", 2);
    expect(plan["Node Type"]).toBe("Limit");
    expect(plan.Plans?.[0]).toMatchObject({
      "Node Type": "Seq Scan",
      "Relation Name": "items",
      Filter: "((n > $2) AND (id = $1))",
    });
  });

  it("is told of a statement without parameters, that ends in a semicolon and a comment", async () => {
    const plan = await explain(client, "SELECT count(*) FROM items; -- all of them", 0);
    expect(plan["Node Type"]).toBe("Aggregate");
  });

  it.each([
    ["an INSERT", "INSERT INTO audit SELECT id FROM items WHERE id < $1", 1],
    ["an UPDATE", "UPDATE items SET n = n + $1", 1],
    ["a DELETE", "DELETE FROM items", 0],
    [
      "a SELECT that deletes",
      "WITH gone AS (DELETE FROM items RETURNING id) SELECT * FROM gone",
      0,
    ],
  ])("is told of %s, which is not run", async (_, sql, parameters) => {
    expect(await explain(client, sql, parameters)).toHaveProperty("Total Cost");
    expect(await rowsOf("SELECT count(*)::int, sum(n)::int FROM items")).toEqual([[9, 9]]);
    expect(await rowsOf("SELECT count(*)::int FROM audit")).toEqual([[0]]);
  });

  it("leaves nothing in the session, also when it fails", async () => {
    await explain(client, "SELECT $1::int", 1);
    // One parameter too few.
    await expect(explain(client, "SELECT $1::int + $2::int", 1)).rejects.toMatchObject({
      code: "42601",
    });
    expect(await rowsOf("SELECT name FROM pg_prepared_statements")).toEqual([]);
    const settings = "plan_cache_mode statement_timeout lock_timeout transaction_read_only";
    for (const name of settings.split(" ")) {
      const isDefault = `SELECT setting = reset_val FROM pg_settings WHERE name = '${name}'`;
      expect(await rowsOf(isDefault)).toEqual([[true]]);
    }
  });

  it("is not waited for where a table is locked", async () => {
    const other = new Client(postgres.url());
    await other.connect();
    await other.query("BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE");
    try {
      // Its own lock_timeout.
      await expect(explain(client, "SELECT * FROM items", 0)).rejects.toMatchObject({
        code: "55P03",
      });
    } finally {
      await other.end();
    }
  });
});

describe("nothing is run, and there is no plan", () => {
  it.each([
    ["several statements", "SELECT 1; INSERT INTO audit VALUES (1)"],
    ["an end of our own transaction", "SELECT 1; COMMIT; INSERT INTO audit VALUES (1)"],
    ["a statement that has none", "TRUNCATE items"],
    ["an EXPLAIN that would run it", "EXPLAIN ANALYZE INSERT INTO audit VALUES (1)"],
    ["a syntax error", "SELEC 1"],
  ])("of %s", async (_, sql) => {
    await expect(explain(client, sql, 0)).rejects.toThrow();
    // What fails to be prepared leaves the connection useless: it is closed by whoever has opened it.
    await client.end();
    client = new Client(postgres.url());
    await client.connect();
    expect(await rowsOf("SELECT count(*)::int FROM items")).toEqual([[9]]);
    expect(await rowsOf("SELECT count(*)::int FROM audit")).toEqual([[0]]);
  });
});
