import { describe, expect, test } from "vitest";
import { formatDuration } from "./format-duration.ts";

const NBSP = "\u00a0";

describe("formatDuration", () => {
  test.each([
    [0, "0 ms"],
    [400, "<0.001 ms"],
    [42_000, "0.042 ms"],
    [420_000, "0.42 ms"],
    [4_249_000, "4.2 ms"],
    [42_600_000, "43 ms"],
    [1_240_000_000, "1,240 ms"],
    [9_999_000_000, "9,999 ms"],
    [10_000_000_000, "10 s"],
    [12_440_000_000, "12.4 s"],
    [1_240_000_000_000, "1,240 s"],
  ])("%d ns is %s", (durationNs, text) => {
    expect(formatDuration(durationNs)).toBe(text.replace(" ", NBSP));
  });
});
