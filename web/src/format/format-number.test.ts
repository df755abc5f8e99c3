import { describe, expect, test } from "vitest";
import { formatCountOf, formatSeconds, formatShare } from "./format-number.ts";

describe("formatShare", () => {
  test.each([
    [0, "0\u00a0%"],
    [0.004, "<1\u00a0%"],
    [0.384, "38\u00a0%"],
    [1, "100\u00a0%"],
  ])("%d is %s", (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});

describe("formatSeconds", () => {
  test.each([
    [0.42, "0.4\u00a0s"],
    [42, "42\u00a0s"],
    [510, "8.5\u00a0min"],
    [8280, "2.3\u00a0h"],
    [7_200_000, "2,000\u00a0h"],
  ])("%d s is %s", (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

test("formatCountOf adds the plural s except for one", () => {
  expect([0, 1, 1240].map((count) => formatCountOf(count, "trace"))).toEqual([
    "0 traces",
    "1 trace",
    "1,240 traces",
  ]);
});
