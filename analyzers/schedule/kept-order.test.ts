import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OtlpSpan } from "../../test/support/otlp-body.ts";
import { openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { buildTrace, query } from "../../test/support/trace-builder.ts";
import { defineTraceDetector } from "../detector.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { KeptOrder } from "./kept-order.ts";
import { Schedule } from "./schedule.ts";

let traces: TestStore;
beforeAll(async () => {
  traces = await openTestStore();
});
afterAll(() => traces.close());

const other = { ...query, name: "SELECT stock", shapeId: "1002" };
/** `users` from 0 to 10 ms, `stock` from then on; `paramsHash` is that of both. */
const page = (stockFromMs: number, paramsHash = "7") =>
  buildTrace([
    "GET /orders",
    0,
    100,
    [{ ...query, paramsHash }, 0, 10],
    [{ ...other, paramsHash }, stockFromMs, stockFromMs + 10],
  ]);
const inOrder = page(10);
const minutesMs = 60_000;
/** What is old is not kept. */
const startMs = Date.now();

async function open(worker: string): Promise<KeptOrder> {
  const kept = new KeptOrder(traces.store, worker);
  await kept.restore(startMs);
  return kept;
}

test("what was learned of orders and parameters is known after a restart, to its worker", async () => {
  const before = await open("one");
  for (let i = 0; i < 25; i++) before.order.learn(inOrder);
  await before.keep(startMs + 6 * minutesMs);
  const again = await open("one");
  expect(again.order.isAlwaysAfter(inOrder, 1, 2)).toBe(true);
  expect(again.order.hasConstantParameters(inOrder, 2)).toBe(true);
  expect((await open("another")).order.isAlwaysAfter(inOrder, 1, 2)).toBe(false);

  // It goes on learning, and what it learns then is kept, too.
  again.order.learn(page(5, "8"));
  await again.keep(startMs + 12 * minutesMs);
  const third = await open("one");
  expect(third.order.isIndependent(inOrder, 1, 2)).toBe(true);
  expect(third.order.hasConstantParameters(inOrder, 2)).toBe(false);
});

test("it is stored every five minutes, and only what changed", async () => {
  const inserted: string[] = [];
  const store: typeof traces.store = {
    ...traces.store,
    insertRows: async (_, rows) => void inserted.push(...rows.map(({ endpoint }) => `${endpoint}`)),
  };
  const kept = new KeptOrder(store, "two");
  await kept.restore(startMs);
  kept.order.learn(inOrder);
  await kept.keep(startMs + 4 * minutesMs);
  expect(inserted).toEqual([]);
  await kept.keep(startMs + 5 * minutesMs);
  expect(inserted).toEqual(["shop\ntest\n1.0.0\nGET\n/orders"]);
  await kept.keep(startMs + 10 * minutesMs);
  expect(inserted).toHaveLength(1);
});

test("what another version learned is not read", async () => {
  await traces.store.insertRows("learned_orders", [
    { worker: "three", version: 0, endpoint: "shop", at: startMs, body: "not even JSON" },
  ]);
  await expect(open("three")).resolves.toBeDefined();
});

/** Two queries, one after the other or both at once. */
function request(secondFromMs: number): OtlpSpan[] {
  const traceId = randomBytes(16).toString("hex");
  const spanId = () => randomBytes(8).toString("hex");
  const atMs = Date.now() - 30_000;
  const root = {
    traceId,
    spanId: spanId(),
    name: "GET /both",
    kind: 2,
    startMs: atMs,
    durationMs: 90,
  };
  const call = (table: string, fromMs: number) => ({
    traceId,
    spanId: spanId(),
    parentSpanId: root.spanId,
    name: `SELECT ${table}`,
    kind: 3,
    startMs: atMs + fromMs,
    durationMs: 20,
    attributes: { "db.system.name": "postgresql", "db.query.text": `SELECT a FROM ${table}` },
  });
  return [root, call("users", 0), call("stock", secondFromMs)];
}

test("a schedule that starts again hands detectors what the one before it had learned", async () => {
  let aheadMs = 11_000;
  const verdicts: (boolean | undefined)[] = [];
  const watching = defineTraceDetector<object>({
    meta: {
      id: "watching",
      version: 1,
      title: "",
      description: "",
      severity: "info",
      defaults: {},
    },
    detect(trace, _, order) {
      if (trace.name[0] === "GET /both") verdicts.push(order?.isIndependent(trace, 1, 2));
      return [];
    },
  });
  const start = () =>
    new Schedule({
      store: traces.store,
      traceDetectors: [watching],
      windowDetectors: [],
      counters: createAnalysisCounters(["watching"]),
      onFinding: () => undefined,
      log: (line) => expect.fail(line),
      now: () => Date.now() + aheadMs,
    });
  const first = start();
  await first.run();
  await traces.insert([...request(5), ...request(30)]);
  aheadMs += 11_000;
  await first.run();
  expect(verdicts).toEqual([true, true]);
  aheadMs += 6 * minutesMs;
  await first.run();
  await traces.insert(request(30));
  aheadMs += 11_000;
  await start().run();
  expect(verdicts.at(-1)).toBe(true);
});
