import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { runNpm } from "../support/run-npm.ts";
import { startTracedApp } from "../support/traced-app.ts";

/**
 * The OpenTelemetry Operator copies /autoinstrumentation of an image into the application's pod, puts a `--require` into
 * NODE_OPTIONS and sets a few variables (its internal/instrumentation/nodejs.go). Here the image is a folder that is
 * made as deploy/agent/Dockerfile makes it.
 */
const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const mebibytesMax = 200;

let folder: string;
let postgres: Postgres;
let sink: OtlpSink;
const injected = () => join(folder, "otel-auto-instrumentation-nodejs");

async function makeImage(image: string): Promise<void> {
  await mkdir(image);
  const packed = await runNpm(join(root, "agent"), "pack", "--json", "--pack-destination", folder);
  const [{ filename }] = JSON.parse(packed);
  await writeFile(join(image, "package.json"), '{ "private": true }');
  const flags = ["--ignore-scripts", "--no-package-lock"];
  await runNpm(image, "install", ...flags, join(folder, filename));
  await copyFile(
    join(root, "deploy/agent/autoinstrumentation.cjs"),
    join(image, "autoinstrumentation.js"),
  );
  await run("chmod", ["-R", "a+rX,go-w", image]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-operator-"));
  const image = join(folder, "autoinstrumentation");
  [postgres] = await Promise.all([startPostgres(), makeImage(image)]);
  await cp(`${image}/.`, injected(), { recursive: true });
  await rm(image, { recursive: true });
});

afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

test.each([
  ["orders.cjs", "GET /orders/:count"],
  // It has no framework that would name the route.
  ["orders.mjs", "GET"],
])("%s is traced as the operator starts it", async (file, name) => {
  const app = await startTracedApp(file, {
    collectorUrl: sink.url,
    // Not by a flag: by NODE_OPTIONS.
    agent: [],
    env: {
      NODE_OPTIONS: ` --require ${injected()}/autoinstrumentation.js`,
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "1",
      OTEL_PROPAGATORS: "tracecontext,baggage",
      OTEL_SERVICE_NAME: "orders",
      OTEL_RESOURCE_ATTRIBUTES: "k8s.pod.name=orders-1,k8s.namespace.name=shop",
      DATABASE_URL: postgres.url(),
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
    },
  });
  await app.get("/orders/5");
  expect(await app.stop()).toBe("SIGTERM");
  expect(sink.spans).toHaveLength(6);
  const server = sink.spans.find(({ kind }) => kind === 2)!;
  expect(server).toMatchObject({
    name,
    resource: { "service.name": "orders", "k8s.pod.name": "orders-1" },
  });
  expect(sink.metricBodies.length).toBeGreaterThan(0);
  expect(app.output()).not.toContain("Warning");
});

test("what is copied can be read by any user, holds no native code, and fits the operator's volume", async () => {
  const entries = await readdir(injected(), { recursive: true, withFileTypes: true });
  const files = entries.map((entry) => join(entry.parentPath, entry.name));
  expect(files.filter((file) => file.endsWith(".node"))).toEqual([]);
  let bytes = 0;
  for (const [i, entry] of entries.entries()) {
    if (entry.isSymbolicLink()) continue;
    const { mode, blocks } = await stat(files[i]!);
    bytes += blocks * 512;
    expect(mode & (entry.isDirectory() ? 0o055 : 0o044), files[i]).toBe(
      entry.isDirectory() ? 0o055 : 0o044,
    );
  }
  expect(bytes / 2 ** 20).toBeLessThan(mebibytesMax);
});
