import { TraceFlags } from "@opentelemetry/api";
import fc from "fast-check";
import { expect, it } from "vitest";
import { DurationHistogram } from "./duration-histogram.ts";

const options = { name: "d", description: "", bounds: [0.1, 1] };
const span = (spanId: string, traceFlags = TraceFlags.SAMPLED) => ({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId,
  traceFlags,
});

it("counts a value in the first bucket whose upper bound it does not exceed", () => {
  const histogram = new DurationHistogram(options);
  for (const seconds of [0.05, 0.1, 0.2, 5]) histogram.record(seconds, "k", () => ({ route: "/" }));
  expect(histogram.collect().points).toEqual([
    {
      attributes: { route: "/" },
      bounds: [0.1, 1],
      counts: [2, 1, 1],
      count: 4,
      sum: 5.35,
      min: 0.05,
      max: 5,
      exemplars: [],
    },
  ]);
});

it("never has more series than its limit, and loses no value over it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 })),
      fc.integer({ min: 1, max: 9 }),
      (keys, seriesMax) => {
        const histogram = new DurationHistogram({ ...options, seriesMax });
        for (const key of keys) histogram.record(1, `${key}`, () => ({ key }));
        const { points } = histogram.collect();
        expect(points.length).toBeLessThanOrEqual(seriesMax);
        expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(keys.length);
        const overflow = points.filter(({ attributes }) => attributes["otel.metric.overflow"]);
        expect(overflow).toHaveLength(new Set(keys).size >= seriesMax ? 1 : 0);
      },
    ),
  );
});

it("keeps the first sampled span of each bucket, until it is exported", () => {
  const histogram = new DurationHistogram(options);
  histogram.record(0.01, "k", () => ({}), span("aaaaaaaaaaaaaaaa", TraceFlags.NONE));
  histogram.record(0.02, "k", () => ({}), span("bbbbbbbbbbbbbbbb"));
  histogram.record(0.03, "k", () => ({}), span("cccccccccccccccc"));
  histogram.record(3, "k", () => ({}), span("dddddddddddddddd"));
  const exemplars = histogram.collect().points[0]?.exemplars;
  expect(exemplars?.map(({ spanId, value }) => [spanId, value])).toEqual([
    ["bbbbbbbbbbbbbbbb", 0.02],
    ["dddddddddddddddd", 3],
  ]);
  expect(histogram.collect().points[0]?.exemplars).toEqual([]);
});
