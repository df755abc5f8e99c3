import { expect, test } from "vitest";
import { buildTrace, inSequence, query } from "../../test/support/trace-builder.ts";
import { criticalPathShare, type FixedTrace, predictFix } from "./predict.ts";

/** 20 of 60 traces of an endpoint run nine queries of 10 ms in their 100 ms; the others run none in 50 ms. */
const sample = Array.from({ length: 60 }, (_, i): FixedTrace => {
  if (i % 3 > 0) return { trace: buildTrace(["GET /orders", 0, 50]), endpointSpan: 0, changes: [] };
  const trace = buildTrace(["GET /orders", 0, 100, ...inSequence(query, 9, 10)]);
  const spans = trace.name.flatMap((name, at) => (name === query.name ? [at] : []));
  return { trace, endpointSpan: 0, changes: [{ kind: "merge-calls", spans }] };
});

test("the gain is that of all requests: traces without the fault stay as they are", () => {
  const { prediction } = predictFix(sample, "finding");
  expect(prediction!.p50).toEqual({
    beforeNs: 50e6,
    afterNs: 50e6,
    afterHighNs: 50e6,
    afterLowNs: 50e6,
  });
  // After: 10 ms for the merged call, 4.5 ms for its rows, 10 ms of the endpoint's own.
  expect(prediction!.p95).toMatchObject({ beforeNs: 100e6, afterNs: 50e6, afterLowNs: 50e6 });
});

test("the share is of the time of all requests on the critical path", () => {
  expect(criticalPathShare(sample)).toBeCloseTo((20 * 90) / (20 * 100 + 40 * 50));
});

test("too few traces: no prediction, and why", () => {
  const { prediction, predictionMissing } = predictFix(sample.slice(0, 3), "finding");
  expect(prediction).toBeNull();
  expect(predictionMissing).toContain("3 traces");
  expect(criticalPathShare([])).toBe(0);
});
