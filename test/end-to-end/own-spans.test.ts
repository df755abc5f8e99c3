import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

let postgres: Postgres;
let sink: OtlpSink;
let app: TracedApp;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres?.stop());

beforeEach(async () => {
  sink = await startOtlpSink();
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

/**
 *   GET
 *     pick                    pay            <- at the same time
 *       SELECT 1                SELECT 1
 *       pick later              pay later
 *         SELECT 2                SELECT 2
 *   alone, in a trace of its own
 */
it.each([
  ["the fast path", "", "SELECT"],
  ["the SDK's path", "off", "pg.query:SELECT postgres"],
])(
  "spans of the application's own are in the same trace, with the right parents: %s",
  async (_, path, query) => {
    app = await startTracedApp("own-spans.cjs", {
      collectorUrl: sink.url,
      env: {
        DATABASE_URL: postgres.url(),
        CULPRIT_FAST_PATH: path,
        CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
      },
    });
    const traceparent = await app.get("/orders");
    await sink.waitFor((spans) => spans.some(({ kind }) => kind === 2));

    const server = sink.spans.find(({ kind }) => kind === 2)!;
    expect(traceparent).toBe(`00-${server.traceId}-${server.spanId}-01`);
    const childrenOf = (spanId: string) =>
      sink.spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    const steps = childrenOf(server.spanId);
    expect(steps.map(({ name }) => name).sort()).toEqual(["pay", "pick"]);
    for (const step of steps) {
      expect(step).toMatchObject({ kind: 1, scope: "shop", traceId: server.traceId });
      expect(step.attributes).toEqual({ "shop.step": step.name });
      expect(step.isError).toBe(step.name === "pay");
      const thrown = step.events.map(({ attributes }) => attributes["exception.type"]);
      expect(thrown).toEqual(step.name === "pay" ? ["TypeError"] : []);
      const within = childrenOf(step.spanId);
      expect(within.map(({ name }) => name).sort()).toEqual([query, `${step.name} later`].sort());
      const later = within.find(({ name }) => name.endsWith(" later"))!;
      expect(later).toMatchObject({
        kind: 4,
        events: [{ name: "sent", attributes: { to: "nobody" } }],
      });
      expect(childrenOf(later.spanId).map(({ name }) => name)).toEqual([query]);
    }
    const alone = sink.spans.find(({ name }) => name === "alone");
    expect(alone?.parentSpanId).toBe("");
    expect(alone?.traceId).not.toBe(server.traceId);
  },
);
