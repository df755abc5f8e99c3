import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../support/debian-server.ts";
import { startMariadb } from "../support/mariadb.ts";
import { moduleSystems, runLibrary } from "./run-library.ts";
import { expectPoolWaits } from "./sql-library.ts";

let mariadb: RunningServer;

beforeAll(async () => {
  mariadb = await startMariadb();
});

afterAll(() => mariadb?.stop());

/** Versions that publish their calls. */
describe.each(["newest"] as const)("mysql2, %s", (set) => {
  it.each(moduleSystems)(
    "has each query in its own request, with evidence, as %s",
    async (modules) => {
      const env = { SERVER_PORT: `${mariadb.port}` };
      const run = await runLibrary({
        library: "mysql2",
        set,
        modules,
        env,
      });
      const { items, failed, callSite } = run;
      const hashes = new Set();
      for (const { server, calls } of items) {
        expect(calls).toHaveLength(1);
        const [call] = calls;
        expect(call).toMatchObject({
          name: "SELECT items",
          kind: 3,
          parentSpanId: server.spanId,
          isError: false,
        });
        expect(call?.attributes).toMatchObject({
          "db.system.name": "mysql",
          "db.namespace": "test",
          "db.operation.name": "SELECT",
          "db.collection.name": "items",
          "db.query.summary": "SELECT items",
          // The driver has written the value into it.
          "db.query.text": "SELECT id FROM items WHERE id <= ? LIMIT ?",
          "db.response.returned_rows": 2,
          "server.address": "127.0.0.1",
          "server.port": mariadb.port,
          ...callSite,
        });
        hashes.add(call?.attributes["culprit.params_hash"]);
      }
      expect(hashes.size).toBe(items.length);
      expectPoolWaits(run);

      expect(failed.calls).toHaveLength(1);
      expect(failed.calls[0]).toMatchObject({ isError: true, parentSpanId: failed.server.spanId });
      expect(failed.calls[0]?.attributes["error.type"]).toBe("ER_NO_SUCH_TABLE");
    },
  );
});
