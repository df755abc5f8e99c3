import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildAgent } from "../../agent/build.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startNode } from "../support/processes.ts";

const root = join(import.meta.dirname, "../..");
const agent = join(root, "agent");
const deadlineMs = 20_000;
const requestsOfAKind = 50;

let postgres: Postgres;
let sink: OtlpSink;

beforeAll(async () => {
  [postgres, sink] = await Promise.all([startPostgres(), startOtlpSink(), buildAgent()]);
}, 120_000);

afterAll(async () => {
  await Promise.all([postgres?.stop(), sink?.stop()]);
});

type Count = { readonly seen: number; readonly alive: number };
type Counts = Readonly<Record<"requests" | "responses" | "values" | "spans", Count>>;

/** What is left of requests of every kind, once they are over, under an agent or without one. */
async function countAlive(args: readonly string[], env = {}): Promise<Counts> {
  const app = await startNode({
    args: ["--expose-gc", ...args, join(root, "test/fixtures/apps/retained.cjs")],
    env: {
      DATABASE_URL: postgres.url(),
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      ...env,
    },
  });
  try {
    const [, port] = await app.waitFor(/listening on (\d+)/, deadlineMs);
    const base = `http://127.0.0.1:${port}`;
    const requests = Array.from({ length: requestsOfAKind }, (_, i) => [
      read(`${base}/items/${i}`),
      read(`${base}/items/${i}`, { method: "POST", body: '{"a":1}' }),
      read(`${base}/fail`),
      read(`${base}/leave`),
    ]);
    await Promise.all(requests.flat());
    // The last ones of each connection give way to these.
    for (let i = 0; i < 5; i += 1) await read(`${base}/unknown`);
    const response = await fetch(`${base}/alive`);
    return (await response.json()) as Counts;
  } finally {
    await app.stop();
  }
}

/** To `/leave` no answer comes. */
async function read(url: string, init: RequestInit = {}): Promise<void> {
  const headers = { "content-type": "application/json", connection: "close" };
  const response = await fetch(url, { headers, ...init }).catch(() => undefined);
  await response?.arrayBuffer();
}

describe("after requests, nothing of them is kept", () => {
  const seen = 4 * requestsOfAKind;

  it.each([
    ["with the agent", ["--require", agent], {}],
    ["on the SDK's path", ["--require", agent], { CULPRIT_FAST_PATH: "off" }],
  ] as const)("%s", async (_, args, env) => {
    const bare = await countAlive([]);
    expect(bare.requests.seen).toBeGreaterThanOrEqual(seen);
    const under = await countAlive(args, env);
    for (const kind of ["requests", "responses", "values"] as const) {
      expect(under[kind].seen).toBe(bare[kind].seen);
      expect(under[kind].alive, kind).toBeLessThanOrEqual(bare[kind].alive);
    }
    expect(under.spans.seen).toBe(under.requests.seen);
    // A connection keeps the context in which it was opened, and its timer that of the last request: two connections to
    // the database, and four of the application to itself, of which both ends are here.
    expect(under.spans.alive).toBeLessThan(20);
  });
});
