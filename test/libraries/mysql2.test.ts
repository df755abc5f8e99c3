import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../support/debian-server.ts";
import { startMariadb } from "../support/mariadb.ts";
import { mysqlEnv, mysqlQueriesOf } from "./mariadb-queries.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";
import {
  expectNewConnections,
  expectPoolMetrics,
  expectPoolWaits,
  expectQueries,
} from "./sql-library.ts";

let mariadb: RunningServer;

beforeAll(async () => {
  mariadb = await startMariadb();
});

afterAll(() => mariadb?.stop());

describe.each(librarySets)("mysql2, %s", (set) => {
  it.each(moduleSystems)(
    "has each query in its own request, with evidence, as %s",
    async (modules) => {
      const env = mysqlEnv(mariadb);
      const run = await runLibrary({ library: "mysql2", set, modules, env });
      // The driver writes the value into the text.
      const text = /^SELECT id FROM items WHERE id <= \? LIMIT \?$/;
      expectQueries(run, { ...mysqlQueriesOf(mariadb), text });
      expectPoolWaits(run);
      expectNewConnections(run);
      expectPoolMetrics(run, `127.0.0.1:${mariadb.port}/test`);
    },
  );

  it("counts the statements of a transaction, on whichever connection of the pool it is", async () => {
    const env = mysqlEnv(mariadb);
    const run = await runLibrary({ library: "mysql2-transaction", set, modules: "CommonJS", env });
    const transactions = new Set();
    for (const { calls } of run.items) {
      const statements = calls.map(({ attributes }) => attributes["culprit.statement.index"]);
      expect(calls.map(({ name }) => name)).toEqual(["START", "SELECT items", "COMMIT"]);
      expect(statements).toEqual([0, 1, 2]);
      const ids = new Set(calls.map(({ attributes }) => attributes["culprit.transaction.id"]));
      expect(ids.size).toBe(1);
      for (const id of ids) transactions.add(id);
    }
    expect(transactions.size).toBe(run.items.length);
    expect(run.failed.calls[0]?.attributes["culprit.transaction.id"]).toBeUndefined();
  });
});
