import { expect, test } from "vitest";
import {
  buildTrace,
  inParallel,
  inSequence,
  query,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { callPatterns } from "./call-patterns.ts";
import { repeatedCalls } from "./repeated-calls.ts";

const nth = (n: number) => ({ ...query, name: `SELECT ${n}`, shapeId: `${2000 + n}` });
const patternsOf = (...children: SpanNode[]) => {
  const trace = buildTrace(["GET /orders", 0, 1000, ...children]);
  return callPatterns(trace, repeatedCalls(trace, 5)).map((pattern) =>
    pattern.map(({ spans }) => trace.name[spans[0]!]),
  );
};
const turns = (calls: number, count: number, { eachMs = 5, fromMs = 0 } = {}) =>
  Array.from({ length: calls }, (_, n) =>
    inSequence(nth(n), count, eachMs, { fromMs: fromMs + n * eachMs, gapMs: (calls - 1) * eachMs }),
  ).flat();

test.each([2, 3, 8])("%i calls that take turns are one pattern", (calls) => {
  expect(patternsOf(...turns(calls, 6))).toEqual([
    Array.from({ length: calls }, (_, n) => `SELECT ${n}`),
  ]);
});

test("nine calls are eight and one: what is larger is no loop to a reader", () => {
  expect(patternsOf(...turns(9, 5)).map((pattern) => pattern.length)).toEqual([8, 1]);
});

test("one turn in ten may lack a call; two may not", () => {
  const without = (...lost: number[]) => [
    ...inSequence(nth(0), 20, 5, { gapMs: 5 }),
    ...inSequence(nth(1), 20, 5, { fromMs: 5, gapMs: 5 }).filter((_, i) => !lost.includes(i)),
  ];
  expect(patternsOf(...without(3, 9))).toHaveLength(1);
  expect(patternsOf(...without(3, 9, 12))).toHaveLength(2);
});

test("two loops of the same length, one after the other, are two patterns", () => {
  const loops = [...inSequence(nth(0), 6, 5), ...inSequence(nth(1), 6, 5, { fromMs: 30 })];
  expect(patternsOf(...loops)).toHaveLength(2);
});

test("turns that run at once are one pattern; calls at once after all of those are not", () => {
  const at = (fromMs: number) => inParallel(nth(1), 9, 10, { fromMs });
  expect(patternsOf(...inParallel(nth(0), 9, 10), ...at(8))).toHaveLength(1);
  expect(patternsOf(...inParallel(nth(0), 9, 10), ...at(10))).toHaveLength(2);
});

test("a resolver with two queries for each row is one pattern, and the request is its parent", () => {
  const resolvers = Array.from({ length: 6 }, (_, i): SpanNode => {
    const from = i * 20;
    return ["resolve", from, from + 18, [nth(0), from, from + 5], [nth(1), from + 6, from + 12]];
  });
  expect(patternsOf(...resolvers)).toEqual([["SELECT 0", "SELECT 1"]]);
});

test("an inner loop has a length of its own, so it is a pattern of its own", () => {
  const outer = inSequence(nth(0), 5, 5, { gapMs: 45 });
  const inner = [0, 1, 2, 3, 4].flatMap((i) => inSequence(nth(1), 5, 5, { fromMs: i * 50 + 10 }));
  expect(patternsOf(...outer, ...inner)).toEqual([["SELECT 0"], ["SELECT 1"]]);
});

test("the same loops under two functions are two patterns", () => {
  const children = (fromMs: number) => inSequence(query, 5, 5, { fromMs });
  const b = inSequence(nth(1), 5, 5, { fromMs: 50 });
  expect(patternsOf(["a", 0, 50, ...children(0)], ["b", 50, 99, ...b])).toHaveLength(2);
});
