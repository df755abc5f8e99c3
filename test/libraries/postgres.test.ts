import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";

/** pg, and what rides on it: each runs one query a request, whose rows are `id <= ID`, at most three. */
const libraries = ["pg", "knex", "sequelize", "typeorm"] as const;
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
  const client = new Client(postgres.url());
  await client.connect();
  await client.query("CREATE TABLE items AS SELECT id FROM generate_series(1, 9) AS id");
  await client.end();
});

afterAll(() => postgres?.stop());

describe.each(libraries)("%s", (library) => {
  describe.each(librarySets)("%s", (set) => {
    it.each(moduleSystems)(
      "has each query in its own request, with evidence, as %s",
      async (modules) => {
        const env = { SERVER_URL: postgres.url(), SERVER_PORT: `${postgres.port}` };
        const { items, failed, callSite } = await runLibrary({ library, set, modules, env });
        const hashes = new Set();
        for (const [i, { server, calls }] of items.entries()) {
          expect(calls).toHaveLength(1);
          const [call] = calls;
          expect(call).toMatchObject({ kind: 3, parentSpanId: server.spanId, isError: false });
          expect(call?.attributes).toMatchObject({
            "db.system.name": "postgresql",
            "db.namespace": "postgres",
            "server.address": "127.0.0.1",
            "server.port": postgres.port,
            "db.response.returned_rows": Math.min(i + 1, 3),
            ...callSite,
          });
          expect(call?.attributes["db.query.text"]).toMatch(/^select .* limit \$[02]/i);
          expect(call?.attributes["culprit.params_hash"]).toMatch(/^[0-9a-f]{16}$/);
          hashes.add(call?.attributes["culprit.params_hash"]);
        }
        expect(hashes.size).toBe(items.length);
        expect(failed.server.attributes["http.response.status_code"]).toBe(500);
        expect(failed.calls).toHaveLength(1);
        expect(failed.calls[0]).toMatchObject({
          isError: true,
          parentSpanId: failed.server.spanId,
        });
        expect(failed.calls[0]?.attributes["error.type"]).toBe("42P01");
      },
    );
  });
});
