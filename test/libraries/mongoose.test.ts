import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeMongodb, startFakeMongodb } from "./fake-mongodb.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";

let mongodb: FakeMongodb;

beforeEach(async () => {
  mongodb = await startFakeMongodb();
});

afterEach(() => mongodb?.stop());

describe.each(librarySets)("mongoose, %s", (set) => {
  it.each(moduleSystems)(
    "has each command in its own request, once, with evidence, as %s",
    async (modules) => {
      const env = { SERVER_URL: mongodb.url };
      const run = await runLibrary({ library: "mongoose", set, modules, env });
      const hashes = new Set();
      for (const [i, { server, calls }] of run.items.entries()) {
        expect(calls).toMatchObject([
          {
            name: "find ranks",
            kind: 3,
            parentSpanId: server.spanId,
            isError: false,
            attributes: {
              "db.system.name": "mongodb",
              "db.namespace": "test",
              "db.collection.name": "ranks",
              "db.operation.name": "find",
              "db.query.text": '{"find":"ranks","filter":{"rank":{"$lte":"?"}},"limit":"?"}',
              "db.response.returned_rows": Math.min(i + 1, 3),
            },
          },
        ]);
        // Of version 6 and its driver callbacks lie between the application and the command.
        if (set === "newest") expect(calls[0]?.attributes).toMatchObject(run.callSite);
        hashes.add(calls[0]?.attributes["culprit.params_hash"]);
      }
      expect(hashes.size).toBe(run.items.length);
      const { failed } = run;
      expect(failed.calls).toMatchObject([
        {
          name: "aggregate ranks",
          isError: true,
          parentSpanId: failed.server.spanId,
          attributes: { "error.type": "40324", "db.response.status_code": "40324" },
        },
      ]);
    },
  );
});
