import { expect, test } from "vitest";
import { buildTrace, inSequence, query } from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
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

test("the prediction says how the trace was changed", () => {
  const { prediction: merged } = predictFix(sample, "finding");
  const { prediction: dropped } = predictFix(
    sample.map(({ changes, ...rest }) => ({
      ...rest,
      changes: changes.map((change) => ({ ...change, kind: "drop-repeats" as const })),
    })),
    "finding",
  );
  expect(merged!.method).toContain("with the calls merged");
  expect(dropped!.method).toContain("with only the first of the calls made");
  expect(dropped!.assumptions).not.toEqual(merged!.assumptions);
});

test("what another service does for a call is part of the call", () => {
  const server = { name: "GET /b", kind: spanKind.server, service: "other" };
  const trace = buildTrace(["GET /a", 0, 100, ["GET", 0, 60, [server, 10, 50, [query, 20, 40]]]]);
  const changes = [{ kind: "merge-calls", spans: [1] }] as const;
  expect(criticalPathShare([{ trace, endpointSpan: 0, changes }])).toBeCloseTo(0.6);
});

test("too few traces: no prediction, and why", () => {
  const { prediction, predictionMissing } = predictFix(sample.slice(0, 3), "finding");
  expect(prediction).toBeNull();
  expect(predictionMissing).toContain("3 traces");
  expect(criticalPathShare([])).toBe(0);
});
