import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp } from "../support/traced-app.ts";
import { appsOf, installLibraries } from "./install-libraries.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

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
    installLibraries("newest"),
  ]);
});

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
  const env = { SERVER_URL: things.url };
  const app = await startTracedApp(file, { collectorUrl: sink.url, env });
  try {
    expect(JSON.parse(await app.get("/items/7"))).toEqual({ id: "7" });
    await sink.waitFor((spans) => spans.some(({ kind }) => kind === 2));
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
