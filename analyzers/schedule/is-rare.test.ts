import { expect, test } from "vitest";
import { poolWait } from "../trace/pool-wait.ts";
import { isRare } from "./is-rare.ts";

const detector = {
  meta: { ...poolWait.meta, seenMin: { traces: 3, share: 0.1, unprovedShare: 0.5 } },
};

test("rare is what too few traces show, or too small a share of the requests", () => {
  const seen = { traces: 3, requests: 30, confidence: "high" as const };
  expect(isRare(detector, seen)).toBe(false);
  expect(isRare(detector, { ...seen, traces: 2, requests: 4 })).toBe(true);
  expect(isRare(detector, { ...seen, requests: 31 })).toBe(true);
});

test("what no trace proves has to be seen more often", () => {
  const seen = { traces: 3, requests: 8, confidence: "medium" as const };
  expect(isRare(detector, seen)).toBe(true);
  expect(isRare(detector, { ...seen, traces: 4 })).toBe(false);
  expect(isRare(detector, { ...seen, confidence: "high" })).toBe(false);
});

test("of other detectors one trace is enough", () => {
  const { seenMin: _, ...meta } = detector.meta;
  expect(isRare({ meta }, { traces: 1, requests: 900, confidence: "low" })).toBe(false);
});
