import fc from "fast-check";
import { expect, test } from "vitest";
import { predictGain, type SampledGain } from "./predict-gain.ts";

const ms = 1e6;
const gain = (durationMs: number, afterMs: readonly number[], weight = 1): SampledGain => {
  const [pessimistic = 0, expected = 0, optimistic = 0] = afterMs.map((at) => at * ms);
  return { durationNs: durationMs * ms, weight, after: { pessimistic, expected, optimistic } };
};
const repeat = (count: number, of: (i: number) => SampledGain) =>
  Array.from({ length: count }, (_, i) => of(i));

test("too few traces: no prediction, and why", () => {
  expect(predictGain(repeat(29, () => gain(100, [50, 40, 30])))).toEqual({
    prediction: null,
    predictionMissing: "29 traces of this endpoint are in the sample; a prediction needs 30",
  });
});

test("equal traces: the interval is what the assumptions leave open", () => {
  const { prediction } = predictGain(repeat(30, () => gain(100, [50, 40, 30])));
  const change = {
    beforeNs: 100 * ms,
    afterNs: 40 * ms,
    afterHighNs: 50 * ms,
    afterLowNs: 30 * ms,
  };
  expect(prediction).toMatchObject({ p50: change, p95: change, traces: 30 });
});

test("a fix of the slow traces moves p95, not p50", () => {
  const sample = repeat(100, (i) =>
    i < 80 ? gain(100, [100, 100, 100]) : gain(900, [300, 200, 150]),
  );
  const { p50, p95 } = predictGain(sample).prediction!;
  expect([p50.beforeNs, p50.afterNs]).toEqual([100 * ms, 100 * ms]);
  expect([p95.beforeNs, p95.afterNs]).toEqual([900 * ms, 200 * ms]);
});

test("a trace that stands for many counts as many", () => {
  const sample = [
    ...repeat(60, () => gain(100, [100, 100, 100])),
    ...repeat(40, () => gain(900, [300, 200, 150], 9)),
  ];
  expect(predictGain(sample).prediction!.p50.beforeNs).toBe(900 * ms);
});

test("more traces, a narrower interval", () => {
  const width = (count: number) => {
    const afterMs = (i: number) => 50 + ((i * 37) % 100);
    const sample = repeat(count, (i) => gain(200, [afterMs(i), afterMs(i), afterMs(i)]));
    const { p50 } = predictGain(sample).prediction!;
    return p50.afterHighNs - p50.afterLowNs;
  };
  expect(width(1000)).toBeLessThan(width(30));
});

test("the same sample and seed give the same prediction, in any number of tries", () => {
  const sample = repeat(50, (i) => gain(100 + i, [50 + i / 2, 40 + i / 3, 30 + i / 4]));
  expect(predictGain(sample, { seed: "7" })).toEqual(predictGain(sample, { seed: "7" }));
  expect(predictGain(sample, { seed: "7" })).not.toEqual(predictGain(sample, { seed: "9" }));
});

test("whatever the sample, before >= high >= after >= low >= 0", () => {
  const one = fc.tuple(
    fc.nat(1000),
    fc.nat(1000),
    fc.nat(1000),
    fc.nat(1000),
    fc.integer({ min: 1, max: 9 }),
  );
  fc.assert(
    fc.property(fc.array(one, { minLength: 30, maxLength: 60 }), (rows) => {
      const sample = rows.map(([a, b, c, d, weight]) => {
        const [before = 0, ...after] = [a, b, c, d].sort((x, y) => y - x);
        return gain(before, after, weight);
      });
      const { p50, p95 } = predictGain(sample, { resamples: 50 }).prediction!;
      for (const { beforeNs, afterHighNs, afterNs, afterLowNs } of [p50, p95]) {
        expect(beforeNs).toBeGreaterThanOrEqual(afterHighNs);
        expect(afterHighNs).toBeGreaterThanOrEqual(afterNs);
        expect(afterNs).toBeGreaterThanOrEqual(afterLowNs);
        expect(afterLowNs).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
