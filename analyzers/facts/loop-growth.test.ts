import { expect, test } from "vitest";
import { buildTrace, inSequence, query, type SpanNode } from "../../test/support/trace-builder.ts";
import { loopGrowth } from "./loop-growth.ts";

const list = (name: string, rows: number): SpanNode => [
  { ...query, name, dbQuerySummary: name, shapeId: `7${name.length}`, returnedRows: rows },
  0,
  5,
];
/** A request that asks `before` and then makes so many calls of 2 ms. */
const request = (calls: number, ...before: SpanNode[]) =>
  buildTrace(["GET /orders", 0, 900, ...before, ...inSequence(query, calls, 2, { fromMs: 10 })]);
const rowsOf = [3, 40, 7, 12, 5, 90, 33, 21, 8, 17, 60, 4];

test("the calls follow the rows of the query that is walked, not those of another one", () => {
  const sample = rowsOf.map((rows, i) =>
    request(rows, list("SELECT users", (i * 7) % 5), list("SELECT orders", rows)),
  );
  expect(loopGrowth(sample, query.shapeId!)).toEqual({
    driver: "SELECT orders",
    traces: 12,
    callsPerRow: 1,
    callsMin: 3,
    callsMax: 90,
    callNs: 2e6,
  });
});

test("two calls a row, and a row now and then that has none", () => {
  const sample = rowsOf.map((rows, i) => request(2 * rows - (i % 2), list("SELECT orders", rows)));
  expect(loopGrowth(sample, query.shapeId!)).toMatchObject({ driver: "SELECT orders" });
  expect(loopGrowth(sample, query.shapeId!)!.callsPerRow).toBeCloseTo(2, 0);
});

test("nothing is said of few requests, of few lengths, of unknown rows, or where nothing follows", () => {
  const with1 = (rows: readonly number[], calls: (rows: number, i: number) => number) =>
    loopGrowth(
      rows.map((n, i) => request(calls(n, i), list("SELECT orders", n))),
      query.shapeId!,
    );
  expect(with1(rowsOf.slice(0, 9), (n) => n)).toBeNull();
  expect(with1(rowsOf, (n) => (n > 10 ? 6 : 5))).toBeNull();
  expect(with1(rowsOf, (_, i) => 20 - i)).toBeNull();
  expect(
    with1(
      rowsOf.map(() => 7),
      (_, i) => 5 + i,
    ),
  ).toBeNull();
  expect(
    with1(
      rowsOf.map(() => -1),
      (_, i) => 5 + i,
    ),
  ).toBeNull();
  expect(loopGrowth([], query.shapeId!)).toBeNull();
  expect(loopGrowth([request(5, list("SELECT orders", 5))], "none")).toBeNull();
});

test("what comes behind the loop, or is a write, drives nothing", () => {
  const after = rowsOf.map((rows) =>
    buildTrace([
      "GET /orders",
      0,
      900,
      ...inSequence(query, rows, 2),
      [{ ...query, shapeId: "75", returnedRows: rows }, 500, 505],
    ]),
  );
  expect(loopGrowth(after, query.shapeId!)).toBeNull();
});
