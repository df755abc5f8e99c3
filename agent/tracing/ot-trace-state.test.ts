import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptShareOf, randomnessOf, withThreshold } from "./ot-trace-state.ts";

describe("OpenTelemetry's member of the trace state", () => {
  it("has the new threshold in the place of the old one, and everything else stays", () => {
    expect(withThreshold("", "th:8")).toBe("ot=th:8");
    expect(withThreshold("", "")).toBe("");
    expect(withThreshold("vendor=1,ot=rv:abc;th:4", "th:8")).toBe("ot=th:8;rv:abc,vendor=1");
    expect(withThreshold("vendor=1", "")).toBe("vendor=1");
    expect(withThreshold("ot=th:4,vendor=1", "")).toBe("vendor=1");
    expect(withThreshold("ot=th:4;rv:abc", "")).toBe("ot=rv:abc");
  });

  it("tells the share that is kept", () => {
    expect(keptShareOf("")).toBe(1);
    expect(keptShareOf("vendor=1")).toBe(1);
    expect(keptShareOf("vendor=1, ot=rv:11111111111111;th:8")).toBe(0.5);
    expect(keptShareOf("ot=th:0")).toBe(1);
    expect(keptShareOf("ot=th:fff")).toBeCloseTo(1 / 4096);
    expect(keptShareOf("ot=th:x")).toBe(1);
  });

  it("tells the randomness that is not the id's", () => {
    expect(randomnessOf("ot=th:8;rv:abcdef12345678")).toEqual([0xabcdef, 0x12345678]);
    expect(randomnessOf("ot=rv:abcdef")).toBeUndefined();
    expect(randomnessOf("rv:abcdef12345678")).toBeUndefined();
  });

  it("is read and written without an error, whatever came in", () => {
    const part = fc.constantFrom("ot=", "th:", "rv:", ";", ",", "8", "=", " ", "vendor=1");
    const text = fc.oneof(
      fc.string(),
      fc.array(part).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (traceState) => {
        const share = keptShareOf(traceState);
        expect(share >= 0 && share <= 1).toBe(true);
        randomnessOf(traceState);
        expect(keptShareOf(withThreshold(traceState, "th:c"))).toBe(0.25);
        expect(keptShareOf(withThreshold(traceState, ""))).toBe(1);
      }),
    );
  });
});
