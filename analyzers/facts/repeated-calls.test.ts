import { expect, test } from "vitest";
import {
  buildTrace,
  inParallel,
  inSequence,
  query,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { repeatedCalls } from "./repeated-calls.ts";

const groupsOf = (...children: SpanNode[]) => {
  const trace = buildTrace(["GET /orders", 0, 1000, ...children]);
  return repeatedCalls(trace, 5).map(
    ({ shapeId, logicalParent, spans, repeats, distinctParams, mode, driver }) => ({
      shapeId,
      logicalParent,
      spans: spans.length,
      repeats,
      distinctParams,
      mode,
      driver: driver === null ? null : trace.name[driver],
    }),
  );
};
const other = { ...query, name: "SELECT stock", shapeId: "1002" };
const list = (returnedRows: number) => ({ ...other, name: "SELECT orders", returnedRows });

test("calls of two shapes that take turns are two groups", () => {
  const turns = { gapMs: 10 };
  const groups = groupsOf(
    ...inSequence(query, 6, 10, turns),
    ...inSequence(other, 5, 10, { ...turns, fromMs: 10 }),
  );
  expect(groups.map(({ shapeId, repeats }) => [shapeId, repeats])).toEqual([
    ["1001", 6],
    ["1002", 5],
  ]);
});

test("a summary of calls with one set of parameters counts that set once, with the calls beside it", () => {
  const [one, two] = ["1", "2"].map((paramsHash) => ({ ...query, paramsHash }));
  const summary = (of: typeof query, repeats: number) => ({
    ...of,
    repeats,
    repeatDurationSumNs: repeats * 1e6,
    repeatDurationUnionNs: repeats * 1e6,
    repeatDistinctParams: 1,
  });
  const calls = [one!, two!, one!, two!].map((call, i): SpanNode => [call, i, i + 1]);
  const groups = groupsOf(...calls, [summary(one!, 50), 10, 90], [summary(two!, 40), 11, 91]);
  expect(groups).toMatchObject([{ repeats: 94, spans: 6, distinctParams: 2 }]);
});

test("a pool's checkout around every call changes nothing", () => {
  const checkout = { name: "pg-pool.connect", dbSystemName: "postgresql" };
  const children = inSequence(query, 5, 10).map(
    (call): SpanNode => [checkout, call[1], call[2], call],
  );
  expect(groupsOf(...children)).toMatchObject([{ repeats: 5, spans: 5 }]);
});

test("an ORM's span and the driver's for the same query are one call", () => {
  const knex = { ...query, name: "knex", scopeName: "@opentelemetry/instrumentation-knex" };
  const children = inSequence(query, 5, 10).map((call): SpanNode => [knex, call[1], call[2], call]);
  expect(groupsOf(...children)).toMatchObject([{ repeats: 5, spans: 5 }]);
});

test("the same query under two functions is two groups", () => {
  const calls = (fromMs: number) => inSequence(query, 5, 10, { fromMs });
  const groups = groupsOf(["a", 0, 50, ...calls(0)], ["b", 50, 100, ...calls(50)]);
  expect(groups).toHaveLength(2);
});

test("only a database's calls, unless others are wanted, and a request that carries a query is part of it", () => {
  const request = { name: "GET", kind: spanKind.client, shapeId: "3001", urlTemplate: "/_search" };
  const trace = buildTrace([
    "GET /orders",
    0,
    1000,
    ...inSequence(query, 5, 10).map((call): SpanNode => [...call, [request, call[1], call[2]]]),
    ...inSequence(request, 6, 10, { fromMs: 100 }),
  ]);
  const repeatsOf = (isWanted?: () => boolean) =>
    repeatedCalls(trace, 5, isWanted).map(({ shapeId, repeats }) => [shapeId, repeats]);
  expect(repeatsOf()).toEqual([["1001", 5]]);
  expect(repeatsOf(() => true)).toEqual([
    ["1001", 5],
    ["3001", 6],
  ]);
});

test("a summary span counts for the calls it stands for", () => {
  const rest = {
    ...query,
    repeats: 95,
    repeatDurationSumNs: 95e6,
    repeatDurationUnionNs: 95e6,
    repeatDistinctParams: 95,
  };
  const groups = groupsOf(...inSequence(query, 5, 1), [rest, 5, 200]);
  expect(groups).toMatchObject([
    { repeats: 100, spans: 6, distinctParams: 100, mode: "sequential" },
  ]);
});

test("mode: one after the other, at once, or both", () => {
  expect(groupsOf(...inSequence(query, 5, 10))[0]!.mode).toBe("sequential");
  expect(groupsOf(...inParallel(query, 5, 10))[0]!.mode).toBe("concurrent");
  const pairs = [...inSequence(query, 4, 10), ...inSequence(query, 4, 10, { fromMs: 7 })];
  expect(groupsOf(...pairs)[0]!.mode).toBe("mixed");
});

test("distinct parameters are counted, unknown ones are unknown", () => {
  const same = { ...query, paramsHash: "7" };
  const unknown = { ...query, paramsHash: "0" };
  const constant = { ...unknown, dbQueryText: "select * from settings" };
  const distinctOf = (...calls: SpanNode[]) => groupsOf(...calls)[0]!.distinctParams;
  expect(distinctOf(...inSequence(query, 6, 10))).toBe(6);
  expect(distinctOf(...inSequence(query, 3, 10), ...inSequence(same, 3, 10))).toBe(4);
  expect(distinctOf(...inSequence(query, 5, 10), [unknown, 60, 70])).toBeNull();
  expect(distinctOf(...inSequence(constant, 6, 10))).toBe(1);
});

test("the driver is the latest query before the loop that returned a row per call", () => {
  const loop = inSequence(query, 20, 10, { fromMs: 100 });
  expect(groupsOf([list(20), 0, 5], ...loop)[0]!.driver).toBe("SELECT orders");
  expect(groupsOf([list(19), 0, 5], ...loop)[0]!.driver).toBe("SELECT orders");
  expect(groupsOf([list(30), 0, 5], ...loop)[0]!.driver).toBeNull();
  expect(groupsOf([list(-1), 0, 5], ...loop)[0]!.driver).toBeNull();
  expect(groupsOf([list(20), 99, 101], ...loop)[0]!.driver).toBeNull();
  const late = { ...list(20), name: "SELECT carts" };
  expect(groupsOf([list(20), 0, 5], [late, 6, 9], ...loop)[0]!.driver).toBe("SELECT carts");
});

test("a driver may stand above the function that runs the loop", () => {
  const loop: SpanNode = ["decorate", 90, 400, ...inSequence(query, 20, 10, { fromMs: 100 })];
  expect(groupsOf([list(20), 0, 5], loop)[0]!.driver).toBe("SELECT orders");
  const elsewhere: SpanNode = ["count", 0, 9, [list(20), 0, 5]];
  expect(groupsOf(elsewhere, loop)[0]!.driver).toBeNull();
});
