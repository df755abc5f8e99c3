import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";

const root = join(import.meta.dirname, "../..");
let sink: OtlpSink;

beforeAll(async () => {
  sink = await startOtlpSink();
});

afterAll(() => sink.stop());

/** Files of ours by their name, packages of OpenTelemetry by theirs. */
async function loadedWith(env: Readonly<Record<string, string>>): Promise<ReadonlySet<string>> {
  const app = await startNode({
    args: ["--require", join(root, "agent"), join(root, "test/fixtures/apps/loaded-files.cjs")],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...env },
  });
  expect(await app.ended, app.output()).toBe(0);
  const files: readonly string[] = JSON.parse(app.output().trim());
  const names = files.map((file) => /@opentelemetry\/[\w-]+/.exec(file)?.[0] ?? basename(file));
  return new Set(names);
}

it("what nobody has asked for is not loaded, of ours or of OpenTelemetry", async () => {
  expect(await loadedWith({})).toEqual(new Set(["index.cjs", "start-fast.cjs"]));
});

it.each([
  ["express.cjs", { LIBRARY: "express" }],
  ["pg.cjs", { LIBRARY: "pg" }],
  ["http2-client.cjs", { LIBRARY: "node:http2" }],
  ["tail-decision.cjs", { CULPRIT_TAIL_RATIO: "0.5" }],
  ["sql-comment.cjs", { CULPRIT_SQL_COMMENTER: "on" }],
  ["slow-statements.cjs", { CULPRIT_PLANS: "on" }],
  ["fast-metrics.cjs", { OTEL_METRICS_EXPORTER: "otlp" }],
  ["@opentelemetry/sdk-metrics", { OTEL_METRICS_EXPORTER: "otlp" }],
  [
    "@opentelemetry/exporter-prometheus",
    { OTEL_METRICS_EXPORTER: "prometheus", OTEL_EXPORTER_PROMETHEUS_PORT: "0" },
  ],
  ["contrib.cjs", { OTEL_NODE_ENABLED_INSTRUMENTATIONS: "dns" }],
  ["@opentelemetry/sdk-node", { CULPRIT_FAST_PATH: "off" }],
])("%s is loaded for %o", async (name, env) => {
  expect(await loadedWith(env)).toContain(name);
});
