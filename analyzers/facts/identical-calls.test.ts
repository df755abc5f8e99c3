import { expect, test } from "vitest";
import {
  buildTrace,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { identicalCalls } from "./identical-calls.ts";

const same = { ...query, paramsHash: "7" };
const groupsOf = (...children: SpanNode[]) =>
  identicalCalls(buildTrace(["GET /orders", 0, 1000, ...children]), 3);
const thrice = (fields: Partial<SpanFields> = {}) =>
  groupsOf(...inSequence({ ...same, ...fields }, 3, 10));

test("equal calls of a request are one group, whichever function makes them", () => {
  const groups = groupsOf(
    ["a", 0, 20, [same, 0, 10]],
    ["b", 20, 40, [same, 20, 30], [{ ...same, paramsHash: "8" }, 30, 40]],
    ["c", 40, 60, [same, 40, 50]],
  );
  expect(groups).toMatchObject([{ endpointSpan: 0, repeats: 3, repeatsBesideLoops: 3 }]);
  expect(groups[0]!.spans).toHaveLength(3);
});

test("parameters that are not known for sure are not equal", () => {
  expect(thrice()).toHaveLength(1);
  expect(thrice({ paramsHash: "0" })).toEqual([]);
  expect(thrice({ dbQueryText: "select a from users where …" })).toEqual([]);
  expect(thrice({ dbQueryText: "" })).toEqual([]);
  const redis = { dbSystemName: "redis", dbQueryText: "GET *" };
  expect(thrice(redis)).toHaveLength(1);
  expect(thrice({ ...redis, paramsHash: "0" })).toEqual([]);
});

test("a text without values is equal to itself, without a hash", () => {
  expect(thrice({ dbQueryText: "select * from settings", paramsHash: "0" })).toHaveLength(1);
});

test("a summary span belongs to a group when all of its calls were equal", () => {
  const summary = { ...same, repeats: 9, repeatDistinctParams: 1 };
  expect(groupsOf([same, 0, 1], [summary, 1, 90])).toMatchObject([{ repeats: 10 }]);
  expect(groupsOf([{ ...summary, repeatDistinctParams: 2 }, 1, 90])).toEqual([]);
});

test("calls that are roots, and calls of several requests, have nothing to do with each other", () => {
  expect(identicalCalls(buildTrace(...inSequence(same, 3, 10)), 3)).toEqual([]);
  const requests = [0, 20, 40].map((at): SpanNode => ["GET /a", at, at + 9, [same, at, at + 5]]);
  expect(groupsOf(...requests)).toEqual([]);
});

test("the calls of a loop over different parameters count as one", () => {
  const loop = inSequence(query, 20, 5);
  const [group] = groupsOf(...loop, ...inSequence(same, 3, 5, { fromMs: 100 }), [
    "a",
    200,
    300,
    [same, 200, 210],
  ]);
  expect([group!.repeats, group!.repeatsBesideLoops]).toEqual([4, 2]);
});
