import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
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

/** What the application sees of pg, of HTTP, and of errors that nobody handles. */
async function look(flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const app = await startNode({
    args: [...flags, join(root, "test/fixtures/apps/shapes.cjs")],
    env: { DATABASE_URL: postgres.url(), OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...env },
  });
  expect(await app.ended, app.output()).toBe(0);
  // Node's own warnings have the number of the process.
  const lines = app.output().split("\n");
  return lines.filter((line) => !line.startsWith("("));
}

it.each([
  ["by default", {}],
  // Each of them looks at the same calls once more.
  [
    "with metrics, comments and plans",
    {
      OTEL_METRICS_EXPORTER: "otlp",
      CULPRIT_SQL_COMMENTER: "on",
      CULPRIT_PLANS: "on",
    },
  ],
])(
  "names, arities, this, promises and the order of events are those without the agent: %s",
  async (_, env) => {
    const without = await look([]);
    expect(without.length).toBeGreaterThan(40);
    expect(await look(["--require", join(root, "agent")], env)).toEqual(without);
  },
);
