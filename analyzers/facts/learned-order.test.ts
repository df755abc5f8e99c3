import { expect, test } from "vitest";
import { buildTrace, inSequence, query, type SpanNode } from "../../test/support/trace-builder.ts";
import type { TraceView } from "../model/trace-view.ts";
import { LearnedOrder } from "./learned-order.ts";

const other = { ...query, name: "SELECT stock", shapeId: "1002" };
/** `users` runs from 0 to 10 ms, `stock` as said. */
const trace = (fromMs: number, untilMs: number, different: object = {}) =>
  buildTrace([
    "GET /orders",
    0,
    100,
    [{ ...query, ...different }, 0, 10],
    [other, fromMs, untilMs],
  ]);
const inOrder = trace(10, 20);
const [users, stock] = [1, 2];
const learn = (...traces: readonly TraceView[]) => {
  const order = new LearnedOrder();
  for (const one of traces) order.learn(one);
  return order;
};
const times = (count: number, one: TraceView) => Array.from({ length: count }, () => one);

test("always one after the other says nothing below 20 traces, and 'always after' from there on", () => {
  expect(learn(...times(19, inOrder)).isAlwaysAfter(inOrder, users, stock)).toBe(false);
  const order = learn(...times(20, inOrder));
  expect(order.isAlwaysAfter(inOrder, users, stock)).toBe(true);
  expect(order.isIndependent(inOrder, users, stock)).toBe(false);
});

test("one counter-example is enough, for good: they overlapped, or stood the other way round", () => {
  for (const counter of [
    trace(5, 20),
    buildTrace(["GET /orders", 0, 99, [other, 0, 5], [query, 6, 9]]),
  ]) {
    const order = learn(...times(30, inOrder), counter, ...times(30, inOrder));
    expect(order.isIndependent(inOrder, users, stock)).toBe(true);
    expect(order.isAlwaysAfter(inOrder, users, stock)).toBe(false);
  }
});

test("a callback that ends its span a little late is no counter-example", () => {
  expect(learn(trace(9.5, 20)).isIndependent(inOrder, users, stock)).toBe(false);
});

test("that one of them was missing proves nothing: its result may have been cached", () => {
  const alone = buildTrace(["GET /orders", 0, 100, [other, 0, 10]]);
  const order = learn(inOrder, ...times(30, alone));
  expect(order.isIndependent(inOrder, users, stock)).toBe(false);
});

test("another endpoint, or another version of the service, is learned for itself", () => {
  const elsewhere = buildTrace(["GET /carts", 0, 100, [query, 0, 10], [other, 5, 20]]);
  const newer = buildTrace([
    {
      name: "GET /orders",
      kind: 2,
      httpRequestMethod: "GET",
      httpRoute: "/orders",
      serviceVersion: "2",
    },
    0,
    100,
    [query, 0, 10],
    [other, 5, 20],
  ]);
  expect(learn(elsewhere, newer).isIndependent(inOrder, users, stock)).toBe(false);
});

test("the second call of a shape is not the first", () => {
  const twice = (thirdFrom: number) =>
    buildTrace(["GET /orders", 0, 99, [query, 0, 10], [other, 10, 20], [query, thirdFrom, 40]]);
  const order = learn(twice(15));
  expect(order.isIndependent(twice(20), 2, 3)).toBe(true);
  expect(order.isIndependent(twice(20), 1, 2)).toBe(false);
});

test("a loop counts as its first calls and one for all later ones, however many they are", () => {
  const beside = (from: number) =>
    buildTrace(["GET /orders", 0, 99, ...inSequence(query, 40, 2), [other, from, from + 15]]);
  const after = beside(80);
  const at = (trace: TraceView, shapeId: string) =>
    trace.shapeId.flatMap((id, span) => (id === shapeId ? [span] : []));
  const [stockAfter] = at(after, "1002");
  const loop = at(after, "1001");
  const order = learn(...times(20, after));
  expect(order.isAlwaysAfter(after, loop[0]!, stockAfter!)).toBe(true);
  expect(order.isAlwaysAfter(after, loop[39]!, stockAfter!)).toBe(true);
  // Once it began before the loop's end, but after its first calls.
  order.learn(beside(20));
  expect(order.isIndependent(after, loop[0]!, stockAfter!)).toBe(false);
  expect(order.isIndependent(after, loop[39]!, stockAfter!)).toBe(true);
});

test("of a parent with too many different calls nothing is learned", () => {
  const many = Array.from({ length: 30 }, (_, i): SpanNode => {
    return [{ ...query, shapeId: String(2000 + i) }, i, i + 5];
  });
  const trace = buildTrace(["GET /orders", 0, 99, ...many]);
  expect(learn(trace).isIndependent(trace, 1, 2)).toBe(false);
});
