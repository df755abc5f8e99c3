import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";
import { runLibrary } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

const root = join(import.meta.dirname, "../..");

let things: ThingsServer;

beforeAll(async () => {
  things = await startThingsServer();
});

afterAll(() => things.stop());

describe.each(["worker-thread", "cluster"])("an app in a %s", (library) => {
  it.each([
    ["express", "CommonJS"],
    ["express", "ESM"],
    ["koa", "ESM"],
    ["nest", "ESM"],
  ] as const)("is traced as in a process of its own: %s as %s", async (name, modules) => {
    const env = { SERVER_URL: things.url, APP: name, PLATFORM: "fastify" };
    const run = await runLibrary({ library, set: "newest", modules, env, isFramework: true });
    for (const [i, { server, calls }] of run.items.entries()) {
      expect(server).toMatchObject({ name: "GET /items/:id", parentSpanId: "" });
      expect(calls).toMatchObject([{ kind: 3, parentSpanId: server.spanId }]);
      expect(calls[0]?.attributes["url.full"]).toBe(`${things.url}/things/${i + 1}`);
    }
    expect(run.ordered?.calls).toHaveLength(1);
    expect(run.failed.server).toMatchObject({ name: "GET /fail", isError: true });
  });
});

async function spansOfWorker(flags: readonly string[], workerData: unknown) {
  const sink = await startOtlpSink();
  const app = await startNode({
    args: [...flags, join(root, "test/fixtures/apps/one-call-in-worker.cjs")],
    env: {
      URL: `${things.url}/things/1`,
      WORKER_DATA: JSON.stringify(workerData),
      CULPRIT_FLUSH_TIMEOUT_MS: "60000",
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    },
  });
  try {
    expect(await app.ended).toBe(0);
    expect(app.output()).toBe("worker ended with 0\n");
    return sink.spans;
  } finally {
    await app.stop();
    await sink.stop();
  }
}

it.each([
  ["--require", "agent"],
  ["--import", "agent/dist/register.mjs"],
])("a worker thread that ends loses no span: %s", async (flag, agent) => {
  const spans = await spansOfWorker([flag, join(root, agent)], null);
  expect(spans).toMatchObject([{ name: "GET", kind: 3, parentSpanId: "" }]);
});

it("a worker thread of pino's is left alone", async () => {
  const ofPino = { filename: "", workerData: { $context: { threadStreamVersion: "4.0.0" } } };
  expect(await spansOfWorker(["--require", join(root, "agent")], ofPino)).toEqual([]);
});
