import { afterAll, beforeAll, describe, it } from "vitest";
import type { RunningServer } from "../support/debian-server.ts";
import { startMariadb } from "../support/mariadb.ts";
import { mysqlEnv, mysqlQueriesOf } from "./mariadb-queries.ts";
import { type PostgresWithItems, queriesOf, startPostgresWithItems } from "./postgres-items.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";
import { expectPoolMetrics, expectPoolWaits, expectQueries } from "./sql-library.ts";

let postgres: PostgresWithItems;
let mariadb: RunningServer;

beforeAll(async () => {
  [postgres, mariadb] = await Promise.all([startPostgresWithItems(), startMariadb()]);
});

afterAll(() => Promise.all([postgres?.stop(), mariadb?.stop()]));

describe.each(librarySets)("knex, %s", (set) => {
  it.each(moduleSystems)(
    "has each query in its own request, with evidence, as %s",
    async (modules) => {
      const run = await runLibrary({ library: "knex", set, modules, env: postgres.env });
      expectQueries(run, queriesOf(postgres));
      expectPoolWaits(run);
      expectPoolMetrics(run, `127.0.0.1:${postgres.port}/postgres`);
    },
  );
});

describe.each(librarySets)("knex over mysql2, %s", (set) => {
  it.each(moduleSystems)("has the same as %s", async (modules) => {
    const env = mysqlEnv(mariadb);
    const run = await runLibrary({ library: "knex", set, modules, env });
    expectQueries(run, mysqlQueriesOf(mariadb));
    expectPoolWaits(run);
    expectPoolMetrics(run, `127.0.0.1:${mariadb.port}/test`);
  });
});
