import { expect, test } from "vitest";
import type { OccurrenceTotalsRow } from "../../storage/queries/occurrence-totals.ts";
import { sampleFinding } from "../../test/support/sample-finding.ts";
import { buildTrace, inParallel, inSequence, query } from "../../test/support/trace-builder.ts";
import type { FixedTrace } from "../gain/predict.ts";
import { savedShareOf, toImpact } from "./impact.ts";
import { rankOf } from "./stored-finding.ts";

/** Each trace takes 100 ms; ten calls of 8 ms hold 80 ms of it. */
const affected = toFixed(buildTrace(["GET /a", 0, 100, ...inSequence(query, 10, 8)]));
const atOnce = toFixed(buildTrace(["GET /a", 0, 100, ...inParallel(query, 10, 80)]));
const sound: FixedTrace = { ...affected, trace: buildTrace(["GET /a", 0, 100]), changes: [] };

function toFixed(trace: FixedTrace["trace"]): FixedTrace {
  const spans = Array.from({ length: trace.size - 1 }, (_, i) => i + 1);
  return { trace, endpointSpan: 0, changes: [{ kind: "merge-calls", spans }] };
}

function totals(different: Partial<OccurrenceTotalsRow>): OccurrenceTotalsRow {
  return {
    fingerprint: "",
    detectorVersion: 1,
    detector: "n-plus-one",
    service: "shop",
    environment: "",
    method: "GET",
    route: "/a",
    otherEndpoints: [],
    tracesAffected: "11",
    repeatsMedian: "10",
    repeatsMax: "10",
    firstSeenMs: 0,
    lastSeenMs: 600_000,
    serviceVersions: [],
    confidences: ["high"],
    durationNsSum: 11 * 80e6,
    criticalNsSum: 11 * 80e6,
    endpointDurationNsSum: 11 * 100e6,
    latestEvidence: "{}",
    ...different,
  };
}

test("the share is one of all sampled traces; without a sample, of those that have the fault", () => {
  expect(toImpact(totals({}), [], [affected, sound]).criticalPathShare).toBeCloseTo(0.4);
  expect(toImpact(totals({}), [], [sound]).criticalPathShare).toBe(0);
  expect(toImpact(totals({}), [], []).criticalPathShare).toBeCloseTo(0.8);
});

test("seconds a day are those of the rate seen: eleven traces are ten intervals", () => {
  // One trace a minute, 80 ms each.
  expect(toImpact(totals({}), [], []).secondsPerDay).toBeCloseTo(0.08 * 1440);
});

test("a burst is measured over a minute, and what came once comes once a day", () => {
  const burst = totals({ lastSeenMs: 1_000 });
  expect(toImpact(burst, [], []).secondsPerDay).toBeCloseTo(0.08 * 10 * 1440);
  const once = totals({ tracesAffected: "1", criticalNsSum: 80e6, lastSeenMs: 0 });
  expect(toImpact(once, [], []).secondsPerDay).toBeCloseTo(0.08);
});

test("what was sampled away counts", () => {
  const row = { serviceVersion: "", fromS: 0, toS: 60, totalSeconds: 1 };
  const requests = [{ ...row, requestsStored: 20, requests: 200 }];
  const { secondsPerDay } = toImpact(totals({}), requests, []);
  expect(secondsPerDay).toBeCloseTo(0.08 * 1440 * 10);
});

test("merging calls in sequence saves most of their time, merging those at once little", () => {
  const inOrder = savedShareOf([affected, sound], 10);
  expect(inOrder).toBeGreaterThan(0.7);
  expect(inOrder).toBeLessThan(0.9);
  expect(savedShareOf([atOnce], 10)).toBeLessThan(0.3);
});

test("where no sampled trace has it, all calls but one are saved", () => {
  expect(savedShareOf([], 10)).toBeCloseTo(0.9);
  expect(savedShareOf([sound], 4)).toBeCloseTo(0.75);
});

test("the rank is what is saved, less when we are less sure, and always a number", () => {
  const impact = { criticalPathShare: 0.5, secondsPerDay: 1_000 };
  expect(rankOf(sampleFinding({ impact }), 0.5)).toBe(500);
  expect(rankOf(sampleFinding({ impact, confidence: "low" }), 0.5)).toBe(150);
  expect(rankOf(sampleFinding({ impact: { ...impact, secondsPerDay: Infinity } }), 1)).toBe(0);
  expect(rankOf(sampleFinding({ impact }), Number.NaN)).toBe(0);
});
