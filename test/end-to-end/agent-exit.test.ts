import { once } from "node:events";
import { rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAgentProject } from "../support/agent-project.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { type NodeProcess, startNode } from "../support/processes.ts";

const root = join(import.meta.dirname, "../..");
const deadlineMs = 20_000;
/** Nothing listens on this port: it is reserved. */
const deadCollector = "http://127.0.0.1:1";

let project: string;
let postgres: Postgres;
let sink: OtlpSink;

beforeAll(async () => {
  [postgres, project] = await Promise.all([startPostgres(), createAgentProject()]);
}, 240_000);

afterAll(async () => {
  await postgres?.stop();
  if (project) await rm(project, { recursive: true, force: true });
});

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

interface AppOptions {
  readonly env?: Record<string, string>;
}

function startApp(args: readonly string[], { env }: AppOptions = {}): Promise<NodeProcess> {
  return startNode({
    args,
    cwd: project,
    env: {
      DATABASE_URL: postgres.url(),
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      ...env,
    },
  });
}

async function get(app: NodeProcess, path: string): Promise<void> {
  const [, port] = await app.waitFor(/listening on (\d+)/, deadlineMs);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: "close" },
  });
  await response.text();
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
    const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
      env: flushOnly,
    });
    expect(await app.ended).toBe(0);
    expect(sink.spans).toHaveLength(2);
  });

  it("a collector that is down does not keep the app alive, and is named once", async () => {
    for (const OTEL_BSP_SCHEDULE_DELAY of ["1", "60000"]) {
      const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
        env: { OTEL_BSP_SCHEDULE_DELAY, OTEL_EXPORTER_OTLP_ENDPOINT: deadCollector },
      });
      await app.waitFor(/done/, deadlineMs);
      // The next attempt is always only seconds away: whoever waits for it never ends.
      expect(await endsWithin(app, 6_000)).toBe(0);
      expect(app.output().match(/spans can't be sent/g)).toHaveLength(1);
    }
  });

  it("a collector that hangs keeps the app no longer than the flush may take", async () => {
    const silent = await startSilentCollector();
    for (const OTEL_BSP_SCHEDULE_DELAY of ["1", "60000"]) {
      const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
        env: { OTEL_BSP_SCHEDULE_DELAY, OTEL_EXPORTER_OTLP_ENDPOINT: silent.url },
      });
      await app.waitFor(/done/, deadlineMs);
      // OpenTelemetry's own exporter would take the 10 s of its timeout.
      expect(await endsWithin(app, 6_000)).toBe(0);
    }
    silent.stop();
  });

  it("SIGTERM ends an app that does not handle it, by that signal, after a flush", async () => {
    const app = await startApp(["--require", "@culprit/agent", "orders.cjs"], { env: flushOnly });
    await get(app, "/orders/2");
    expect(await app.stop()).toBe("SIGTERM");
    expect(sink.spans).toHaveLength(3);
  });

  it("SIGTERM is left to an app that handles it", async () => {
    const app = await startApp(["--require", "@culprit/agent", "orders.cjs"], {
      env: { ...flushOnly, HANDLES_SIGTERM: "yes" },
    });
    await get(app, "/orders/2");
    expect(await app.stop()).toBe(7);
    expect(app.output().match(/closing/g)).toHaveLength(1);
    expect(sink.spans).toHaveLength(3);
  });
});

async function endsWithin(app: NodeProcess, withinMs: number): Promise<number | string> {
  const late = setTimeout(() => void app.stop(), withinMs);
  return app.ended.finally(() => clearTimeout(late));
}

describe("staying out of the way", () => {
  it("OTEL_SDK_DISABLED leaves the app as it is", async () => {
    const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
      env: { OTEL_SDK_DISABLED: "true" },
    });
    expect(await app.ended).toBe(0);
    expect(app.output()).toBe("done\n");
    expect(sink.bodies).toEqual([]);
  });

  it("a second copy of the agent says so in one line, and the first one works", async () => {
    const copy = join(root, "agent");
    const args = ["--require", "@culprit/agent", "--require", copy, "one-request.cjs"];
    const app = await startApp(args);
    expect(await app.ended).toBe(0);
    expect(app.output().match(/CulpritWarning/g)).toHaveLength(1);
    expect(app.output()).toContain("another copy of it is loaded already");
    expect(sink.spans).toHaveLength(2);
  });

  it("a Prometheus port that is taken costs a warning, nothing else", async () => {
    const taken = await startSilentCollector();
    const app = await startApp(["--require", "@culprit/agent", "one-request.cjs"], {
      env: {
        OTEL_METRICS_EXPORTER: "prometheus",
        OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
        OTEL_EXPORTER_PROMETHEUS_PORT: new URL(taken.url).port,
      },
    });
    expect(await app.ended).toBe(0);
    expect(app.output()).toContain("EADDRINUSE");
    expect(sink.spans).toHaveLength(2);
    taken.stop();
  });
});
