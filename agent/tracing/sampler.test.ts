import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSampler } from "./sampler.ts";

const randomness = fc.tuple(
  fc.integer({ min: 0, max: 0xffffff }),
  fc.integer({ min: 0, max: 0xffffffff }),
);

describe("sampler", () => {
  it("keeps with a larger ratio whatever it keeps with a smaller one", () => {
    const ratios = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(randomness, ratios, ([high, low], [one, other]) => {
        const small = createSampler("traceidratio", Math.min(one, other));
        const large = createSampler("traceidratio", Math.max(one, other));
        expect(small.isKept(high, low) && !large.isKept(high, low)).toBe(false);
      }),
    );
  });

  it("keeps all, none, or those whose randomness reaches the threshold", () => {
    const half = createSampler("parentbased_traceidratio", 0.5);
    expect(half).toMatchObject({ isParentBased: true, threshold: "th:8" });
    expect([half.isKept(0x7fffff, 0xffffffff), half.isKept(0x800000, 0)]).toEqual([false, true]);
    expect(createSampler("always_off", 1).isKept(0xffffff, 0xffffffff)).toBe(false);
    expect(createSampler("parentbased_always_on", 0).isKept(0, 0)).toBe(true);
  });

  it("says how many traces a kept one stands for", () => {
    for (const ratio of [0.5, 0.25, 0.1, 0.01]) {
      const { threshold } = createSampler("traceidratio", ratio);
      // The threshold is a fraction of 2^56, with trailing zeros left out.
      const rejected = Number.parseInt(threshold.slice(3).padEnd(7, "0"), 16) / 2 ** 28;
      expect(1 / (1 - rejected)).toBeCloseTo(1 / ratio, 3);
    }
  });

  it("keeps a share of what it keeps by itself, says so in the threshold, and counts what it leaves out for that", () => {
    fc.assert(
      fc.property(
        randomness,
        fc.constantFrom(1, 0.5, 0.1),
        fc.nat(6),
        ([high, low], ratio, halvings) => {
          const whole = createSampler("traceidratio", ratio);
          const reduced = createSampler("traceidratio", ratio);
          reduced.reduceTo(2 ** -halvings);
          const direct = createSampler("traceidratio", ratio * 2 ** -halvings);
          const isKept = reduced.isKept(high, low);
          expect(isKept).toBe(direct.isKept(high, low));
          expect(reduced.threshold).toBe(direct.threshold);
          expect(reduced.tracesShed).toBe(whole.isKept(high, low) && !isKept ? 1 : 0);
        },
      ),
    );
  });
});
