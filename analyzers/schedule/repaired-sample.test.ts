import { expect, test } from "vitest";
import { buildTrace, inSequence, query } from "../../test/support/trace-builder.ts";
import { nPlusOne } from "../trace/n-plus-one.ts";
import { repairedSample } from "./repaired-sample.ts";

const trace = (calls: number) =>
  buildTrace(["GET /orders", 0, 100, ...inSequence(query, calls, 2)]);
const changesIn = (...calls: readonly number[]) =>
  repairedSample(
    calls.map((count) => ({ trace: trace(count), endpointSpan: 0 })),
    [nPlusOne],
    (_id, _trace, error) => {
      throw error;
    },
  ).map(({ changesOf }) => [...changesOf.values()].flat());

test("once a fault is found in one trace, the fix changes also those that have too little of it", () => {
  const [large, small, single] = changesIn(20, 3, 1);
  expect(large!.map(({ spans }) => spans.length)).toEqual([20]);
  expect(small!.map(({ spans }) => spans.length)).toEqual([3]);
  expect(single).toEqual([]);
});

test("a fault that is found in no trace changes none", () => {
  expect(changesIn(4, 3, 1)).toEqual([[], [], []]);
});
