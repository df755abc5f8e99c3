import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StorageError, type Store } from "../../storage/store.ts";
import { type OtlpSpan, toOtlpJson } from "../../test/support/otlp-body.ts";
import { openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { TraceDetector } from "../detector.ts";
import type { Finding } from "../model/finding.ts";
import { nPlusOne } from "../trace/n-plus-one.ts";
import { poolWait } from "../trace/pool-wait.ts";
import { slowQuery } from "../trace/slow-query.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { Schedule } from "./schedule.ts";

let traces: TestStore;

beforeAll(async () => {
  traces = await openTestStore();
});

afterAll(() => traces.close());

const nowMs = Date.now();
const hourMs = 3_600_000;
const newId = () => randomBytes(8).toString("hex");

interface Call {
  readonly name: string;
  readonly fromMs: number;
  readonly forMs: number;
  /** Beside those of a query. */
  readonly attributes?: OtlpSpan["attributes"];
  /** It is no query: all of its attributes. */
  readonly request?: OtlpSpan["attributes"];
}

/** A request with its calls. */
function request(route: string, startMs: number, durationMs: number, calls: readonly Call[]) {
  const root: OtlpSpan = {
    traceId: randomBytes(16).toString("hex"),
    spanId: newId(),
    name: `GET ${route}`,
    kind: 2,
    startMs,
    durationMs,
    attributes: { "http.request.method": "GET", "http.route": route },
  };
  const children = calls.map(
    ({ name, fromMs, forMs, attributes, request: asked }): OtlpSpan => ({
      traceId: root.traceId,
      spanId: newId(),
      parentSpanId: root.spanId,
      name,
      kind: 3,
      startMs: startMs + fromMs,
      durationMs: forMs,
      attributes: asked ?? {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "db.query.summary": name,
        "db.query.text": `${name.replace(" ", " a FROM ")} WHERE id = $1`,
        "culprit.params_hash": newId(),
        ...attributes,
      },
    }),
  );
  return [root, ...children];
}

/** Spans of any of the last seven days. */
function insert(spans: readonly OtlpSpan[], service = "shop"): Promise<void> {
  const body = Buffer.from(toOtlpJson(spans, service, { "service.version": "1.0.0" }));
  return traces.insertOtlp("traces", body, "json", { acceptFromMs: nowMs - 8 * 24 * hourMs });
}

/** What is told of the findings in the end, by the schedule as it runs. */
async function analyze(detector: TraceDetector, store: Store = traces.store) {
  const told = new Map<string, Finding>();
  const counters = createAnalysisCounters([detector.meta.id]);
  await new Schedule({
    store,
    traceDetectors: [detector],
    windowDetectors: [],
    counters,
    onFinding: (finding) => told.set(finding.endpoint.route, finding),
    log: () => undefined,
    now: () => Date.now() + 11_000,
  }).run();
  return { told, counters };
}

/** Ten runs an hour, of so many hours until now, each as long as said. */
function runs(name: string, route: string, hours: number, msOf: (hoursAgo: number) => number) {
  return Array.from({ length: hours }, (_, i) => hours - i).flatMap((hoursAgo) =>
    Array.from({ length: 12 }, (_, n) => {
      const forMs = msOf(hoursAgo);
      const startMs = nowMs - hoursAgo * hourMs + n * 60_000;
      return request(route, startMs, forMs + 2, [{ name, fromMs: 1, forMs }]);
    }).flat(),
  );
}

test("a slow query that was fast until some hours ago says so, and one that was always slow does not", async () => {
  await insert(runs("SELECT reviews", "/reviews", 40, (ago) => (ago > 6 ? 15 : 240)));
  await insert(runs("SELECT sales", "/sales", 40, () => 240));
  await insert(runs("SELECT users", "/users", 40, () => 4));
  const { told, counters } = await analyze(slowQuery as TraceDetector);
  expect(told.get("/sales")!.summary).toMatch(/for one query: SELECT sales$/);
  const { summary, fix } = told.get("/reviews")!;
  expect(summary).toMatch(
    /SELECT reviews; it takes 16 times as long as before 20\d\d-\d\d-\d\d \d\d:00 UTC \(240 ms, then 15 ms\)$/,
  );
  expect(fix[0]).toContain("without a new version");
  expect(fix.length).toBeGreaterThan(1);
  expect(counters.detectorErrors["slow-query"]).toBe(0);
});

const waited = (forMs: number) => ({ "culprit.pool.wait_ms": forMs + 0.5 });

/** A connection is held for 300 ms by a transaction that asks another service, and three requests wait for it. */
function queue(
  holding: string,
  waiting: string,
  startMs: number,
  pool: OtlpSpan["attributes"] = {},
): OtlpSpan[] {
  const transaction = { "culprit.transaction.id": 7, ...pool };
  const statement = (name: string, fromMs: number) => ({
    name,
    fromMs,
    forMs: 2,
    attributes: { ...transaction, "db.query.text": name },
  });
  const payment = {
    "http.request.method": "POST",
    "url.full": "http://pay/payments",
    "server.address": "pay",
  };
  return [
    request(holding, startMs, 310, [
      statement("BEGIN", 1),
      statement("UPDATE stock", 4),
      { name: "POST", fromMs: 8, forMs: 290, request: payment },
      statement("COMMIT", 300),
    ]),
    ...[0, 1, 2].map((n) =>
      request(waiting, startMs + 20 + n * 20, 300 - n * 20, [
        {
          name: "SELECT profile",
          fromMs: 285 - n * 20,
          forMs: 4,
          attributes: { ...waited(280 - n * 20), ...pool },
        },
      ]),
    ),
  ].flat();
}

test("a wait for a connection names the other endpoint that holds it", async () => {
  for (const n of Array(8).keys()) {
    await insert(queue("/checkout", "/profile", nowMs - 90_000 + n * 1_000), "queued");
  }
  const { told, counters } = await analyze(poolWait as TraceDetector);
  const { summary, fix } = told.get("/profile")!;
  expect(summary).toMatch(
    /for a connection; connections are held by GET \/checkout for a transaction that waits for POST \/payments \(\d+ %\)$/,
  );
  expect(fix[0]).toContain("between BEGIN and COMMIT");
  expect(counters.detectorErrors["pool-wait"]).toBe(0);
});

test("a loop says whose rows it grows with, over many requests", async () => {
  const ordersOf = (n: number) => [
    {
      name: "SELECT orders",
      fromMs: 1,
      forMs: 3,
      attributes: { "db.response.returned_rows": 5 + n },
    },
    ...Array.from({ length: 5 + n }, (_, i) => ({
      name: "SELECT users",
      fromMs: 5 + 3 * i,
      forMs: 2,
    })),
  ];
  for (const n of Array(12).keys()) {
    await insert(request("/grows", nowMs - 90_000 + n * 1_000, 120, ordersOf(n)), "growing");
  }
  const { told } = await analyze(nPlusOne as TraceDetector);
  expect(told.get("/grows")!.summary).toContain(
    "; its calls grow with the rows of SELECT orders, about one a row (5 to 16 in 12 requests)",
  );
});

test("who is served at once while others wait has another pool, and is not named", async () => {
  const select = { name: "SELECT items", fromMs: 1, forMs: 140 };
  const spans = Array.from({ length: 8 }, (_, n) => nowMs - 75_000 + n * 1_000).flatMap(
    (startMs) => [
      ...queue("/pay", "/settings", startMs),
      // Asked 40 ms after the last that waits; and before all of them.
      ...request("/roomy", startMs + 100, 150, [select]),
      ...request("/roomy", startMs + 20, 150, [select]),
    ],
  );
  await insert(spans, "two-pools");
  const { told } = await analyze(poolWait as TraceDetector);
  expect(told.get("/settings")!.summary).toMatch(
    /held by GET \/pay for a transaction that waits for POST \/payments \(100 %\)$/,
  );
});

test("where spans name their pool only the requests of that one are named, also of those that came before", async () => {
  const poolOf = (name: string) => ({ "db.client.connection.pool.name": name });
  const select = (pool?: string) => ({
    name: "SELECT items",
    fromMs: 1,
    forMs: 400,
    ...(pool && { attributes: poolOf(pool) }),
  });
  const spans = Array.from({ length: 8 }, (_, n) => nowMs - 75_000 + n * 1_000).flatMap(
    (startMs) => [
      ...queue("/pay", "/settings", startMs, poolOf("db:5432/shop")),
      // They asked before anybody waited, so who was served first tells nothing.
      ...request("/far", startMs, 410, [select("db:5432/shop (2)")]),
      ...request("/unnamed", startMs, 410, [select()]),
    ],
  );
  await insert(spans, "named-pools");
  const { told } = await analyze(poolWait as TraceDetector);
  const { summary } = told.get("/settings")!;
  expect(summary).toMatch(/held by GET \/unnamed .* GET \/pay for a transaction/);
  expect(summary).not.toContain("/far");
});

test("a question that fails is counted, and the finding stands without its answer", async () => {
  await insert(queue("/buy", "/account", nowMs - 60_000), "failing");
  const store: Store = {
    ...traces.store,
    select: (query, parameters) =>
      query.name === "open-requests"
        ? Promise.reject(new StorageError("QUERY_LIMIT", "too much"))
        : traces.store.select(query, parameters),
  };
  const { told, counters } = await analyze(poolWait as TraceDetector, store);
  expect(told.get("/account")!.summary).toMatch(/for a connection$/);
  expect(counters.detectorErrors["pool-wait"]).toBeGreaterThan(0);
});
