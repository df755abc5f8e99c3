import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";
import { runLibrary } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

const root = join(import.meta.dirname, "../..");
const apps = join(root, "test/fixtures/apps");

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

async function spansOfWorker(args: readonly string[], workerData: unknown) {
  const sink = await startOtlpSink();
  const app = await startNode({
    args,
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
  ["--require", "agent", "one-call-in-worker.cjs"],
  ["--require", "agent", "one-call-in-worker.mjs"],
  ["--import", "agent/dist/register.mjs", "one-call-in-worker.cjs"],
  ["--import", "agent/dist/register.mjs", "one-call-in-worker.mjs"],
])("a worker thread that ends loses no span: %s %s %s", async (flag, agent, file) => {
  const spans = await spansOfWorker([flag, join(root, agent), join(apps, file)], null);
  expect(spans).toMatchObject([{ name: "GET", kind: 3, parentSpanId: "" }]);
});

it("a worker thread of pino's is left alone", async () => {
  const ofPino = { filename: "", workerData: { $context: { threadStreamVersion: "4.0.0" } } };
  const args = ["--require", join(root, "agent"), join(apps, "one-call-in-worker.cjs")];
  expect(await spansOfWorker(args, ofPino)).toEqual([]);
});
