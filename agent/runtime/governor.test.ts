import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSampler } from "../tracing/sampler.ts";
import { Governor } from "./governor.ts";
import { Shedding } from "./shedding.ts";

const shareMax = 0.2;

/** A governor, its second hand, and what it has decided. */
function start() {
  const ownTime = { totalMs: 0 };
  const shedding = new Shedding();
  const sampler = createSampler("parentbased_always_on", 1);
  let nowMs = 0;
  const governor = new Governor({ shareMax, ownTime, shedding, sampler, nowMs: () => nowMs });
  /** So many seconds in which the agent takes this share. */
  const pass = (seconds: number, share: number | (() => number)) => {
    for (let i = 0; i < seconds; i += 1) {
      nowMs += 1_000;
      ownTime.totalMs += 1_000 * (typeof share === "number" ? share : share());
      governor.tick();
    }
  };
  return { governor, shedding, sampler, pass };
}

describe("the governor", () => {
  it("sheds nothing below the limit, and nothing for a moment above it", () => {
    const { governor, pass } = start();
    pass(100, 0.19);
    for (let i = 0; i < 20; i += 1) {
      pass(2, 0.9);
      pass(1, 0.1);
    }
    expect(governor.level).toBe(0);
  });

  it("sheds evidence first, then half of the traces, then half of those", () => {
    const { shedding, sampler, pass } = start();
    pass(3, 0.3);
    expect([shedding.isEvidenceShed, sampler.threshold]).toEqual([true, ""]);
    pass(3, 0.3);
    expect([shedding.isEvidenceShed, sampler.threshold]).toEqual([true, "th:8"]);
    pass(3, 0.3);
    expect(sampler.threshold).toBe("th:c");
    pass(100, 0.3);
    expect(sampler.threshold).toBe("th:fc");
  });

  it("stays as it is between half of the limit and the limit", () => {
    const { governor, pass } = start();
    pass(3, 0.3);
    pass(1_000, 0.15);
    expect(governor.level).toBe(1);
  });

  it("takes back one level after ten calm seconds", () => {
    const { governor, shedding, sampler, pass } = start();
    pass(6, 0.3);
    pass(9, 0.05);
    expect(governor.level).toBe(2);
    pass(1, 0.05);
    expect([governor.level, sampler.threshold]).toEqual([1, ""]);
    pass(10, 0.05);
    expect([governor.level, shedding.isEvidenceShed]).toEqual([0, false]);
  });

  it("swings ever more slowly where shedding itself is what makes it calm", () => {
    const { governor, pass } = start();
    let changes = 0;
    let last = 0;
    pass(3_600, () => {
      if (governor.level !== last) changes += 1;
      last = governor.level;
      return governor.level === 0 ? 0.3 : 0.05;
    });
    expect(changes).toBeLessThan(40);
  });

  it("is at no level for good: an hour of calm brings everything back", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 200 }),
        (shares) => {
          const { governor, shedding, sampler, pass } = start();
          for (const share of shares) pass(1, share);
          expect(governor.level).toBeGreaterThanOrEqual(0);
          expect(governor.level).toBeLessThanOrEqual(7);
          pass(3_600, 0.01);
          expect(governor.level).toBe(0);
          expect([shedding.isEvidenceShed, sampler.threshold]).toEqual([false, ""]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
