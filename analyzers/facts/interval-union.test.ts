import { expect, test } from "vitest";
import { buildTrace, inParallel, inSequence, query } from "../../test/support/trace-builder.ts";
import type { TraceView } from "../model/trace-view.ts";
import { sumNs, unionNs } from "./interval-union.ts";

const queriesOf = (trace: TraceView) => trace.name.flatMap((_, i) => (i === 0 ? [] : [i]));

test("calls one after the other: union and sum are equal", () => {
  const trace = buildTrace(["GET /orders", 0, 100, ...inSequence(query, 4, 10, { gapMs: 5 })]);
  expect(unionNs(trace, queriesOf(trace))).toBe(40e6);
  expect(sumNs(trace, queriesOf(trace))).toBe(40e6);
});

test("calls at once: the union is the longest", () => {
  const trace = buildTrace(["GET /orders", 0, 100, ...inParallel(query, 4, 10), [query, 5, 12]]);
  expect(unionNs(trace, queriesOf(trace))).toBe(12e6);
  expect(sumNs(trace, queriesOf(trace))).toBe(47e6);
});

test("a summary span counts with what the agent measured, not with its length", () => {
  const rest = {
    ...query,
    repeats: 90,
    repeatDurationSumNs: 45e6,
    repeatDurationUnionNs: 40e6,
  };
  const trace = buildTrace(["GET /orders", 0, 100, [query, 0, 1], [rest, 1, 99]]);
  expect(unionNs(trace, queriesOf(trace))).toBe(41e6);
  expect(sumNs(trace, queriesOf(trace))).toBe(46e6);
});
