import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresWithItems, startPostgresWithItems } from "./postgres-items.ts";
import { type LibraryRun, librarySets, moduleSystems, runLibrary } from "./run-library.ts";

let postgres: PostgresWithItems;

beforeAll(async () => {
  postgres = await startPostgresWithItems();
});

afterAll(() => postgres?.stop());

/** Two rows a batch; a full one is followed by another, which may have none. */
function expectBatches(id: number, { server, calls }: LibraryRun["items"][number]): void {
  const rows = id === 1 ? [1] : [2, id === 2 ? 0 : 1];
  const names = ["SELECT items", "FETCH items"].slice(0, rows.length);
  expect(calls.map(({ name }) => name)).toEqual(names);
  for (const [batch, call] of calls.entries()) {
    expect(call).toMatchObject({ kind: 3, parentSpanId: server.spanId, isError: false });
    expect(call.attributes).toMatchObject({
      "db.system.name": "postgresql",
      "db.collection.name": "items",
      "db.response.returned_rows": rows[batch],
      "server.port": postgres.port,
    });
  }
  const [first] = calls;
  expect(first?.attributes["db.query.text"]).toBe("SELECT id FROM items WHERE id <= $1 LIMIT $0");
  expect(first?.attributes["culprit.params_hash"]).toMatch(/^[0-9a-f]{16}$/);
}

describe.each(["pg-cursor", "pg-query-stream"])("%s", (library) => {
  describe.each(librarySets)("%s", (set) => {
    it.each(moduleSystems)(
      "has a span for each batch, in its own request, as %s",
      async (modules) => {
        const run = await runLibrary({ library, set, modules, env: postgres.env });
        for (const [i, item] of run.items.entries()) {
          expectBatches(i + 1, item);
          expect(item.calls[0]?.attributes).toMatchObject(run.callSite);
        }
        expect(run.failed.calls).toMatchObject([
          { isError: true, attributes: { "error.type": "42P01", "db.collection.name": "nowhere" } },
        ]);
      },
    );
  });
});
