import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startNode } from "../support/processes.ts";

const root = join(import.meta.dirname, "../..");
let postgres: Postgres;
let sink: OtlpSink;

beforeAll(async () => {
  [postgres, sink] = await Promise.all([startPostgres(), startOtlpSink()]);
});

afterAll(async () => {
  await sink?.stop();
  await postgres?.stop();
});

/** What the application has to tell, and what else is written. */
async function run(args: readonly string[]) {
  const app = await startNode({
    args: [...args, join(root, "test/fixtures/apps/hostile.cjs")],
    env: { DATABASE_URL: postgres.url(), OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
  });
  expect(await app.ended, app.output()).toBe(0);
  const lines = app.output().split("\n");
  const isAgents = (line: string) => /Warning|--trace-warnings|servers are watched/.test(line);
  return {
    told: lines.filter((line) => !isAgents(line)),
    agents: lines.filter(isAgents).join("\n"),
  };
}

describe("an application that hands out what throws when it is looked at", () => {
  it("gets what it gets without the agent, and instrumentations that fail unload themselves", async () => {
    const without = await run([]);
    const { told, agents } = await run([
      "--unhandled-rejections=strict",
      "--require",
      join(root, "agent"),
    ]);
    expect(told).toEqual(without.told);
    expect(told.length).toBeGreaterThan(30);
    expect(agents).toContain("servers are watched: false");
    // One line for all that went wrong: the next would come in ten minutes.
    expect(agents.match(/CulpritWarning/g)).toHaveLength(1);
  });
});
