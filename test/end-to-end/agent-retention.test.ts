import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startTracedApp } from "../support/traced-app.ts";

const requestsOfAKind = 50;

let postgres: Postgres;
let sink: OtlpSink;

beforeAll(async () => {
  [postgres, sink] = await Promise.all([startPostgres(), startOtlpSink()]);
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), sink?.stop()]);
});

type Count = { readonly seen: number; readonly alive: number };
type Counts = Readonly<Record<"requests" | "responses" | "values" | "spans", Count>>;

/** What is left of requests of every kind, once they are over, under an agent or without one. */
async function countAlive(collectorUrl: string | undefined, env = {}): Promise<Counts> {
  const app = await startTracedApp("retained.cjs", {
    collectorUrl,
    env: { DATABASE_URL: postgres.url(), ...env },
    flags: ["--expose-gc"],
  });
  try {
    const base = app.url;
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

const everythingElse = {
  OTEL_METRICS_EXPORTER: "otlp",
  CULPRIT_SQL_COMMENTER: "on",
  CULPRIT_PLANS: "on",
  CULPRIT_PROFILE: "continuous",
};

describe("after requests, nothing of them is kept", () => {
  const seen = 4 * requestsOfAKind;

  it.each([
    ["with the agent", {}],
    ["on the SDK's path", { CULPRIT_FAST_PATH: "off" }],
    ["with metrics, comments and plans", everythingElse],
  ] as const)("%s", async (_, env) => {
    const bare = await countAlive(undefined);
    expect(bare.requests.seen).toBeGreaterThanOrEqual(seen);
    const under = await countAlive(sink.url, env);
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
