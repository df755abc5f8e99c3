import { afterAll, beforeAll, describe, it } from "vitest";
import { type PostgresWithItems, queriesOf, startPostgresWithItems } from "./postgres-items.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";
import {
  expectNewConnections,
  expectPoolMetrics,
  expectPoolWaits,
  expectQueries,
} from "./sql-library.ts";

let postgres: PostgresWithItems;

beforeAll(async () => {
  postgres = await startPostgresWithItems();
});

afterAll(() => postgres?.stop());

describe.each(librarySets)("pg, %s", (set) => {
  it.each(moduleSystems)(
    "has each query in its own request, with evidence, as %s",
    async (modules) => {
      const run = await runLibrary({ library: "pg", set, modules, env: postgres.env });
      expectQueries(run, queriesOf(postgres));
      expectPoolWaits(run);
      expectNewConnections(run);
      expectPoolMetrics(run, `127.0.0.1:${postgres.port}/postgres`);
    },
  );
});
