import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildAgent } from "../../agent/build.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";
import { appsOf, installLibraries } from "./install-libraries.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

const deadlineMs = 20_000;

const source = `
const fastify = require("fastify");
const { request } = require("undici");

const app = fastify();
app.get("/items/:id", async ({ params: { id } }) => {
  const { body } = await request(process.env.SERVER_URL + "/things/" + id);
  await body.text();
  return { id };
});
app.listen({ port: 0, host: "127.0.0.1" }).then(() => {
  console.log("listening on " + app.server.address().port);
});
`;

let things: ThingsServer;
let folder: string;

beforeAll(async () => {
  [things, folder] = await Promise.all([
    startThingsServer(),
    mkdtemp(join(tmpdir(), "culprit-bundled-")),
    buildAgent(),
    installLibraries("newest"),
  ]);
}, 240_000);

afterAll(async () => {
  things.stop();
  await rm(folder, { recursive: true, force: true });
});

it("an app with Fastify and undici in one file is traced, since both publish what they do", async () => {
  // Beside the packages, so that the bundler finds them.
  const input = join(appsOf("newest"), "bundled.cjs");
  await writeFile(input, source);
  const bundle = await rolldown({
    input,
    platform: "node",
    logLevel: "silent",
  });
  const file = join(folder, "bundled.cjs");
  await bundle.write({ file, format: "cjs" });
  await bundle.close();
  const sink = await startOtlpSink();
  const app = await startNode({
    args: ["--require", join(import.meta.dirname, "../../agent"), file],
    env: {
      SERVER_URL: things.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
  });
  try {
    const [, port] = await app.waitFor(/listening on (\d+)/, deadlineMs);
    const response = await fetch(`http://127.0.0.1:${port}/items/7`);
    expect(await response.json()).toEqual({ id: "7" });
    await sink.waitFor((spans) => spans.some(({ kind }) => kind === 2), deadlineMs);
    const server = sink.spans.find(({ kind }) => kind === 2);
    expect(server?.name).toBe("GET /items/:id");
    expect(sink.spans.filter(({ kind }) => kind === 3)).toMatchObject([
      { traceId: server?.traceId, parentSpanId: server?.spanId },
    ]);
  } finally {
    await app.stop();
    await sink.stop();
  }
});
