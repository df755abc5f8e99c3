import { expect, test } from "vitest";
import type { Finding, Prediction } from "../analyzers/model/finding.ts";
import { sampleFinding } from "../test/support/sample-finding.ts";
import { decideAlert } from "./alert-rules.ts";

const { evidence } = sampleFinding();
const seen = (different: Partial<Finding["evidence"]>) => ({
  evidence: { ...evidence, repeatsMax: 6, ...different },
});

/** Both percentiles go from `beforeMs` to `afterMs`. */
function predicted(beforeMs: number, afterMs: number): Pick<Finding, "prediction"> {
  const after = afterMs * 1e6;
  const change = {
    beforeNs: beforeMs * 1e6,
    afterNs: after,
    afterHighNs: after,
    afterLowNs: after,
  };
  const rest = { method: "", assumptions: [], traces: 40 };
  return { prediction: { p50: change, p95: change, ...rest } satisfies Prediction };
}

const quiet: Record<string, [Partial<Finding>, string]> = {
  "what somebody muted": [{ status: "muted" }, "is muted"],
  "what somebody knows": [{ status: "acknowledged" }, "is acknowledged"],
  "what is being fixed": [{ status: "fix-pending" }, "is fix-pending"],
  "what is fixed": [{ status: "verified" }, "is verified"],
  "what is only interesting": [{ severity: "info" }, "severity is info"],
  "what is not sure": [{ confidence: "low" }, "confidence is low"],
  "what two traces show": [
    seen({ tracesAffected: 2, repeatsMax: 50 }),
    "seen in 2 traces, not yet 3",
  ],
  "9 ms of 50": [
    { ...predicted(50, 41), ...seen({}) },
    "saves too little, and repeats less than 20 times",
  ],
  "4 % of a second": [
    { ...predicted(1000, 960), ...seen({}) },
    "saves too little, and repeats less than 20 times",
  ],
  "few calls whose gain is unknown": [
    { prediction: null, ...seen({ repeatsMax: 19 }) },
    "saves too little, and repeats less than 20 times",
  ],
};

test.for(Object.entries(quiet))("no message about %s", ([, [different, reason]]) => {
  expect(decideAlert(sampleFinding(different))).toEqual({ tell: false, reasons: [reason] });
});

const told: Record<string, [Partial<Finding>, string]> = {
  "10 ms of 50": [{ ...predicted(50, 40), ...seen({}) }, "a fix saves enough time"],
  "5 % of a second": [{ ...predicted(1000, 950), ...seen({}) }, "a fix saves enough time"],
  "what has come back": [{ status: "regressed" }, "a fix saves enough time"],
  "20 calls that cost little": [
    { ...predicted(50, 49), ...seen({ repeatsMax: 20 }) },
    "repeats 20 times",
  ],
  "an endpoint that is slow as a whole": [
    { prediction: null, shape: null, ...seen({ repeatsMax: 0 }) },
    "its detector measures the impact itself",
  ],
};

test.for(Object.entries(told))("a message about %s", ([, [different, reason]]) => {
  expect(decideAlert(sampleFinding(different))).toEqual({ tell: true, reasons: [reason] });
});

test("everything that stands against a message is named", () => {
  const { reasons } = decideAlert(
    sampleFinding({ status: "muted", severity: "info", confidence: "low" }),
  );
  expect(reasons).toEqual(["is muted", "severity is info", "confidence is low"]);
});
