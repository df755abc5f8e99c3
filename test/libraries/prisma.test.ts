import { afterAll, beforeAll, describe, it } from "vitest";
import { type PostgresWithItems, queriesOf, startPostgresWithItems } from "./postgres-items.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";
import { expectPoolMetrics, expectPoolWaits, expectQueries } from "./sql-library.ts";

let postgres: PostgresWithItems;

beforeAll(async () => {
  postgres = await startPostgresWithItems();
});

afterAll(() => postgres?.stop());

describe.each(librarySets)("prisma, %s", (set) => {
  it.each(moduleSystems)(
    "has each query in its own request, with evidence, as %s",
    async (modules) => {
      const run = await runLibrary({ library: "prisma", set, modules, env: postgres.env });
      expectQueries(run, { ...queriesOf(postgres), collection: "public.items" });
      expectPoolWaits(run);
      expectPoolMetrics(run, `127.0.0.1:${postgres.port}/postgres`);
    },
  );
});
