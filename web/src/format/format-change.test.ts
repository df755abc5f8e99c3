import { describe, expect, test } from "vitest";
import { formatChange } from "./format-change.ts";

const MS = 1e6;

describe("formatChange", () => {
  test("says before, after, the change and the interval in one unit", () => {
    const text = formatChange({
      beforeNs: 820 * MS,
      afterNs: 510 * MS,
      afterHighNs: 590 * MS,
      afterLowNs: 430 * MS,
    });
    expect(text).toEqual({
      values: "820 → 510\u00a0ms",
      percent: "−38\u00a0%",
      interval: "430–590\u00a0ms",
    });
  });

  test("keeps the unit of the duration before when the one after is far smaller", () => {
    const change = { beforeNs: 12_000 * MS, afterNs: 900 * MS, afterHighNs: 1_100 * MS };
    expect(formatChange({ ...change, afterLowNs: 0 })).toEqual({
      values: "12 → 0.9\u00a0s",
      percent: "−93\u00a0%",
      interval: "0–1.1\u00a0s",
    });
  });

  test("a change that rounds to nothing has no sign", () => {
    const same = { beforeNs: 0, afterNs: 0, afterHighNs: 0, afterLowNs: 0 };
    expect(formatChange(same).percent).toBe("0\u00a0%");
    expect(formatChange({ ...same, beforeNs: 1000, afterNs: 1001 }).percent).toBe("0\u00a0%");
  });
});
