import { copyFile, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";
import { installAside } from "../support/run-npm.ts";

const root = join(import.meta.dirname, "../..");
const agent = join(root, "agent");
const packages = join(import.meta.dirname, "../other-agents");
let folder: string;
let sink: OtlpSink;

beforeAll(async () => {
  const installed = await installAside(packages);
  folder = await mkdtemp(join(tmpdir(), "culprit-other-agents-"));
  await symlink(join(installed, "node_modules"), join(folder, "node_modules"));
  for (const file of ["other-agent.cjs", "other-agent.mjs"]) {
    await copyFile(join(root, "test/fixtures/apps", file), join(folder, file));
  }
  await writeFile(
    join(folder, "sentry.cjs"),
    'require("@sentry/node").init({ dsn: "http://key@127.0.0.1:1/1", tracesSampleRate: 1 });',
  );
});

afterAll(() => folder && rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

const others = {
  "dd-trace": "dd-trace/init",
  newrelic: "newrelic",
  "elastic-apm-node": "elastic-apm-node/start.js",
  "@sentry/node": "./sentry.cjs",
  "@opentelemetry/auto-instrumentations-node": "@opentelemetry/auto-instrumentations-node/register",
} as const;

/** Each believes that its vendor is away. */
const env = {
  DD_TRACE_AGENT_URL: "http://127.0.0.1:1",
  DD_TRACE_STARTUP_LOGS: "false",
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
  ELASTIC_APM_SERVER_URL: "http://127.0.0.1:1",
  ELASTIC_APM_LOG_LEVEL: "off",
  NEW_RELIC_APP_NAME: "other",
  NEW_RELIC_LICENSE_KEY: "0".repeat(40),
  NEW_RELIC_HOST: "127.0.0.1",
  NEW_RELIC_LOG_ENABLED: "false",
  OTEL_BSP_SCHEDULE_DELAY: "10",
  CULPRIT_FLUSH_TIMEOUT_MS: "60000",
  // Spans are counted here: a block of the event loop has one, too.
  CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
};

async function run(flags: readonly string[], otherAgent = "", file = "other-agent.cjs") {
  const app = await startNode({
    args: [...flags, join(folder, file)],
    cwd: folder,
    env: { ...env, OTHER_AGENT: otherAgent, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
  });
  expect(await app.ended, app.output()).toBe(0);
  return app.output();
}

/** Others may send to the same place. */
const isOurs = ({ scope }: DecodedSpan) => scope === "@culprit/agent";

function expectOneLine(output: string, pattern: RegExp): void {
  expect(output).toContain("answered fine");
  const lines = output.split("\n").filter((line) => line.includes("CulpritWarning"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(pattern);
  expect(sink.spans.filter(isOurs)).toEqual([]);
}

describe.each(Object.entries(others))(
  "beside %s the agent is inert, and says so in one line",
  (name, entry) => {
    const itself = new RegExp(`${name}.* traces this process`);

    it("when that was loaded before", async () => {
      const output = await run(["--require", entry, "--require", agent]);
      expectOneLine(output, /traces this process/);
    });

    it("when a flag loads that afterwards", async () => {
      expectOneLine(await run(["--require", agent, "--require", entry]), itself);
    });

    it("when the application loads that", async () => {
      expectOneLine(await run(["--require", agent], entry), itself);
    });
  },
);

it.each([
  ["dd-trace", "dd-trace/init.js"],
  ["newrelic", "newrelic"],
  ["elastic-apm-node", "elastic-apm-node/start.js"],
  ["@sentry/node", "@sentry/node"],
])("beside %s it is inert when an ES module imports that", async (name, entry) => {
  const flags = ["--import", join(agent, "dist/register.mjs")];
  const output = await run(flags, entry, "other-agent.mjs");
  expectOneLine(output, new RegExp(`${name}.* traces this process`));
});

it("alone it traces that application", async () => {
  const output = await run(["--require", agent]);
  expect(output).not.toContain("Warning");
  expect(sink.spans.filter(isOurs)).toHaveLength(2);
});
