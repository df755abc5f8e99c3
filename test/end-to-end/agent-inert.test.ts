import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";

/** Where the agent has nothing to do, the application runs as without it. */
const agent = join(import.meta.dirname, "../../agent");
let folder: string;
let sink: OtlpSink;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-inert-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const app = await startNode({
    args,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      CULPRIT_FLUSH_TIMEOUT_MS: "60000",
      // Spans are counted here: a block of the event loop has one, too.
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
      ...env,
    },
  });
  expect(await app.ended, app.output()).toBe(0);
  return app.output();
}

const flags = ["--unhandled-rejections=strict", "--require", agent];

test("switched off by OTEL_SDK_DISABLED it says nothing", async () => {
  expect(
    await run([...flags, "--eval", "console.log('runs')"], { OTEL_SDK_DISABLED: "true" }),
  ).toBe("runs\n");
});

test("in a worker thread of a process that is not traced it says nothing and sends nothing", async () => {
  const inside = `
    const { createServer, get } = require("node:http");
    const server = createServer((_request, response) => response.end()).listen(0, () => {
      get({ port: server.address().port }, (response) => response.resume().once("end", () => process.exit()));
    });`;
  const script = `
    const { Worker } = require("node:worker_threads");
    // In the environment of the thread itself nothing is switched off.
    const { OTEL_SDK_DISABLED, ...env } = process.env;
    new Worker(${JSON.stringify(inside)}, { eval: true, env }).once("exit", (code) => console.log("ended", code));`;
  expect(await run([...flags, "--eval", script], { OTEL_SDK_DISABLED: "true" })).toBe("ended 0\n");
  expect(sink.spans).toEqual([]);
});

test("a second copy of it says so in one line, and the first one traces", async () => {
  const copy = join(folder, "copy");
  await cp(join(agent, "dist"), copy, { recursive: true });
  const script = `
    const { createServer, get } = require("node:http");
    const server = createServer((_request, response) => response.end()).listen(0, () => {
      get({ port: server.address().port, agent: false }, (response) => response.resume().once("end", () => server.close()));
    });`;
  const output = await run([...flags, "--require", join(copy, "index.cjs"), "--eval", script]);
  expect(output.match(/CulpritWarning/g)).toHaveLength(1);
  expect(output).toContain("another copy of it is loaded already");
  expect(sink.spans).toHaveLength(2);
});
