import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bareEnvironment } from "../support/config.ts";
import type { RunningServer } from "../support/debian-server.ts";
import { startRedis } from "../support/redis.ts";
import { agentFolder } from "../support/traced-app.ts";
import { installLibraries } from "./install-libraries.ts";
import { moduleSystems, runLibrary } from "./run-library.ts";

let redis: RunningServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis?.stop());

/** Versions that publish their calls. */
describe.each(["ioredis", "redis"])("%s", (library) => {
  describe.each(["newest"] as const)("%s", (set) => {
    it.each(moduleSystems)(
      "has each command in its own request, with evidence, as %s",
      async (modules) => {
        const env = { SERVER_PORT: `${redis.port}` };
        const { items, failed, callSite } = await runLibrary({ library, set, modules, env });
        const hashes = new Set();
        for (const { server, calls } of items) {
          expect(calls.map(({ name }) => name)).toEqual(["SET", "GET", "GET"]);
          const [write, hit, miss] = calls;
          for (const call of calls) {
            expect(call).toMatchObject({ kind: 3, parentSpanId: server.spanId, isError: false });
            expect(call.attributes).toMatchObject({
              "db.system.name": "redis",
              "db.operation.name": call.name,
              "server.address": "127.0.0.1",
              "server.port": redis.port,
            });
          }
          expect(write?.attributes).toMatchObject({ "culprit.cache.key_template": "item:?" });
          expect(hit?.attributes).toMatchObject({
            "db.query.text": "GET item:?",
            "culprit.cache.hit": true,
            "culprit.cache.value_bytes": 5,
            ...callSite,
          });
          expect(miss?.attributes).toMatchObject({
            "db.query.text": "GET missing:?",
            "culprit.cache.hit": false,
          });
          hashes.add(hit?.attributes["culprit.params_hash"]);
        }
        expect(hashes.size).toBe(items.length);
        expect(failed.calls).toHaveLength(1);
        expect(failed.calls[0]).toMatchObject({
          isError: true,
          parentSpanId: failed.server.spanId,
        });
        expect(failed.calls[0]?.attributes["error.type"]).toBe("WRONGTYPE");
      },
    );
  });
});

/** Versions that don't publish theirs: OpenTelemetry's packages, whose names and texts are their own. */
describe.each(["ioredis", "redis"])("%s, oldest", (library) => {
  it.each(moduleSystems)("has each command in its own request as %s", async (modules) => {
    const env = { SERVER_PORT: `${redis.port}` };
    const { items, failed } = await runLibrary({ library, set: "oldest", modules, env });
    for (const { server, calls } of items) {
      const operations = calls.map(({ attributes }) => String(attributes["db.operation.name"]));
      expect(operations.map((it) => it.toUpperCase())).toEqual(["SET", "GET", "GET"]);
      for (const call of calls) {
        expect(call).toMatchObject({ kind: 3, parentSpanId: server.spanId, isError: false });
        expect(call.attributes).toMatchObject({
          "db.system.name": "redis",
          "server.address": "127.0.0.1",
          "server.port": redis.port,
        });
        // The value that is set never leaves the process.
        expect(call.attributes["db.query.text"]).not.toContain("12345");
      }
    }
    expect(failed.calls).toMatchObject([{ isError: true, parentSpanId: failed.server.spanId }]);
  });
});

it("ioredis gives an application the same promises, answers and errors as without the agent", async () => {
  const app = join(await installLibraries("newest"), "ioredis-answers.cjs");
  const run = async (...nodeArgs: readonly string[]) => {
    const env = { ...bareEnvironment, SERVER_PORT: `${redis.port}` };
    const { stdout } = await promisify(execFile)(process.execPath, [...nodeArgs, app, "ioredis"], {
      env,
    });
    return JSON.parse(stdout) as unknown;
  };
  const bare = await run();
  expect(bare).toContainEqual(["unhandled", expect.stringMatching(/^WRONGTYPE/)]);
  expect(await run("--require", agentFolder)).toEqual(bare);
});
