import { once } from "node:events";
import { rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAgentProject } from "../support/agent-project.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { type NodeProcess, startNode } from "../support/processes.ts";
import { agentFolder, startTracedApp, type TracedApp } from "../support/traced-app.ts";

/** Nothing listens on this port: it is reserved. */
const deadCollector = "http://127.0.0.1:1";

let project: string;
let postgres: Postgres;
let sink: OtlpSink;

beforeAll(async () => {
  [postgres, project] = await Promise.all([startPostgres(), createAgentProject()]);
});

afterAll(async () => {
  await postgres?.stop();
  if (project) await rm(project, { recursive: true, force: true });
});

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

type Environment = Readonly<Record<string, string>>;

const agent = ["--require", "@culprit/agent"];
/** Spans are counted here: blocks of the event loop have theirs, too, when the machine is busy. */
const uncounted = { CULPRIT_EVENT_LOOP_BLOCK_MS: "0" };

/** It ends by itself. */
function startOneRequest(env: Environment, flags: readonly string[] = agent): Promise<NodeProcess> {
  return startNode({
    args: [...flags, "one-request.cjs"],
    cwd: project,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      CULPRIT_FLUSH_TIMEOUT_MS: "60000",
      ...uncounted,
      ...env,
    },
  });
}

function startOrders(env: Environment): Promise<TracedApp> {
  return startTracedApp(join(project, "orders.cjs"), {
    collectorUrl: sink.url,
    agent,
    cwd: project,
    env: { DATABASE_URL: postgres.url(), ...uncounted, ...env },
  });
}

/** Takes connections and never answers. */
async function startSilentCollector() {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

describe("the end of the process", () => {
  const flushOnly = { OTEL_BSP_SCHEDULE_DELAY: "60000" };

  it("sends what is left when the app has finished its work", async () => {
    const app = await startOneRequest(flushOnly);
    expect(await app.ended).toBe(0);
    expect(sink.spans).toHaveLength(2);
  });

  it("a collector that is down does not keep the app alive, and is named once", async () => {
    for (const OTEL_BSP_SCHEDULE_DELAY of ["1", "60000"]) {
      const app = await startOneRequest({
        OTEL_BSP_SCHEDULE_DELAY,
        OTEL_EXPORTER_OTLP_ENDPOINT: deadCollector,
      });
      // The next attempt is always only seconds away: whoever waits for it never ends.
      expect(await app.ended).toBe(0);
      expect(app.output().match(/spans can't be sent/g)).toHaveLength(1);
    }
  });

  it("a collector that hangs keeps the app no longer than the flush may take", async () => {
    const silent = await startSilentCollector();
    for (const OTEL_BSP_SCHEDULE_DELAY of ["1", "60000"]) {
      const app = await startOneRequest({
        OTEL_BSP_SCHEDULE_DELAY,
        OTEL_EXPORTER_OTLP_ENDPOINT: silent.url,
        OTEL_EXPORTER_OTLP_TIMEOUT: "3600000",
        CULPRIT_FLUSH_TIMEOUT_MS: "2000",
      });
      // OpenTelemetry's own exporter would take the hour of its timeout.
      expect(await app.ended).toBe(0);
    }
    silent.stop();
  });

  it("SIGTERM ends an app that does not handle it, by that signal, after a flush", async () => {
    const app = await startOrders(flushOnly);
    await app.get("/orders/2");
    expect(await app.stop()).toBe("SIGTERM");
    expect(sink.spans).toHaveLength(3);
  });

  it("SIGTERM is left to an app that handles it", async () => {
    const app = await startOrders({ ...flushOnly, HANDLES_SIGTERM: "yes" });
    await app.get("/orders/2");
    expect(await app.stop()).toBe(7);
    expect(app.output().match(/closing/g)).toHaveLength(1);
    expect(sink.spans).toHaveLength(3);
  });
});

describe("staying out of the way", () => {
  it("OTEL_SDK_DISABLED leaves the app as it is", async () => {
    const app = await startOneRequest({ OTEL_SDK_DISABLED: "true" });
    expect(await app.ended).toBe(0);
    expect(app.output()).toBe("done\n");
    expect(sink.bodies).toEqual([]);
  });

  it("a second copy of the agent says so in one line, and the first one works", async () => {
    const app = await startOneRequest({}, [...agent, "--require", agentFolder]);
    expect(await app.ended).toBe(0);
    expect(app.output().match(/CulpritWarning/g)).toHaveLength(1);
    expect(app.output()).toContain("another copy of it is loaded already");
    expect(sink.spans).toHaveLength(2);
  });

  it("a Prometheus port that is taken costs a warning, nothing else", async () => {
    const taken = await startSilentCollector();
    const app = await startOneRequest({
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
      OTEL_EXPORTER_PROMETHEUS_PORT: new URL(taken.url).port,
    });
    expect(await app.ended).toBe(0);
    expect(app.output()).toContain("EADDRINUSE");
    expect(sink.spans).toHaveLength(2);
    taken.stop();
  });
});
