import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeMongodb, startFakeMongodb } from "./fake-mongodb.ts";
import { type LibraryRun, librarySets, moduleSystems, runLibrary } from "./run-library.ts";
import { expectPoolMetrics, expectPoolWaits } from "./sql-library.ts";

let mongodb: FakeMongodb;

beforeEach(async () => {
  mongodb = await startFakeMongodb();
});

afterEach(() => mongodb?.stop());

const metrics = { OTEL_METRICS_EXPORTER: "otlp", OTEL_METRIC_EXPORT_INTERVAL: "5000" };

/** Which commands a request makes: of more than two documents a second batch. */
const namesOf = (id: number) => [
  "find items",
  ...(id > 2 ? ["getMore items"] : []),
  "update items",
  "insert visits",
  "commitTransaction",
];

function expectCommands(id: number, { server, calls }: LibraryRun["items"][number]): void {
  expect(calls.map(({ name }) => name)).toEqual(namesOf(id));
  for (const call of calls) {
    expect(call).toMatchObject({ kind: 3, parentSpanId: server.spanId, isError: false });
    expect(call.attributes).toMatchObject({
      "db.system.name": "mongodb",
      "db.query.summary": call.name,
      "db.operation.name": call.name.split(" ")[0],
      "server.address": "127.0.0.1",
      "server.port": mongodb.port,
    });
  }
  const [find, ...others] = calls;
  expect(find?.attributes).toMatchObject({
    "db.namespace": "test",
    "db.collection.name": "items",
    "db.query.text": '{"find":"items","filter":{"_id":{"$lte":"?"}},"limit":"?"}',
    "db.response.returned_rows": Math.min(id, 2),
  });
  expect(find?.attributes["culprit.params_hash"]).toMatch(/^[0-9a-f]{16}$/);
  const [commit, insert, update, getMore] = others.toReversed();
  if (id > 2) {
    expect(getMore?.attributes).toMatchObject({
      "db.collection.name": "items",
      "db.query.text": '{"getMore":"?","collection":"items"}',
      "db.response.returned_rows": 1,
    });
    // No batch is the same as another.
    expect(getMore?.attributes["culprit.params_hash"]).toBeUndefined();
  }
  expect(update?.attributes).toMatchObject({
    // A key with a number in it is a value.
    "db.query.text":
      '{"update":"items","updates":[{"q":{"_id":"?"},"u":{"$set":{"seen":"?","by.?":"?"}}}]}',
    "db.response.returned_rows": id > 9 ? 0 : 1,
  });
  expect(insert?.attributes).toMatchObject({
    "db.query.text": '{"insert":"visits"}',
    "db.operation.batch.size": 2,
    "db.response.returned_rows": 2,
    "culprit.statement.index": 0,
  });
  const transaction = insert?.attributes["culprit.transaction.id"];
  expect(transaction).toMatch(/^[0-9a-f]{16}$/);
  expect(commit?.attributes).toMatchObject({
    "culprit.transaction.id": transaction,
    "culprit.statement.index": 1,
  });
  expect(find?.attributes["culprit.transaction.id"]).toBeUndefined();
}

describe.each(librarySets)("mongodb, %s", (set) => {
  it.each(moduleSystems)(
    "has each command in its own request, with evidence, as %s",
    async (modules) => {
      const env = { SERVER_URL: mongodb.url, ...metrics };
      const run = await runLibrary({ library: "mongodb", set, modules, env });
      const hashes = new Set();
      for (const [i, item] of run.items.entries()) {
        expectCommands(i + 1, item);
        hashes.add(item.calls[0]?.attributes["culprit.params_hash"]);
      }
      expect(hashes.size).toBe(run.items.length);
      expectPoolWaits(run);
      expectPoolMetrics(run, `127.0.0.1:${mongodb.port}`);
      // Of version 4 callbacks lie between the application and the command.
      if (set === "newest") {
        for (const { calls } of run.items) expect(calls[0]?.attributes).toMatchObject(run.callSite);
      }

      const { failed } = run;
      const parentSpanId = failed.server.spanId;
      expect(failed.calls).toMatchObject([
        { name: "insert items", isError: true, parentSpanId },
        // A command that MongoDB does not have may be a user's word.
        { name: "mongodb", isError: true, parentSpanId },
        { name: "aggregate items", isError: true, parentSpanId },
      ]);
      const [duplicate, other, unknown] = failed.calls;
      expect(JSON.stringify(other)).not.toContain("bob");
      expect(other?.attributes).not.toHaveProperty("db.operation.name");
      expect(duplicate?.attributes).toMatchObject({
        "db.response.status_code": "11000",
        "error.type": "11000",
      });
      expect(unknown?.attributes).toMatchObject({
        "db.query.text": '{"aggregate":"items","pipeline":[{"$nowhere":{}}]}',
        "error.type": "40324",
      });
    },
  );
});
