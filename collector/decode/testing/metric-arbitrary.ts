import fc from "fast-check";
import { type Envelope, envelopeArbitrary } from "./envelope.ts";
import { timeUnixNano } from "./log-model.ts";
import type { JsonDouble, OtlpMetric } from "./metric-model.ts";
import { attributes, hex, text } from "./otlp-model.ts";

// JSON.stringify writes -0 as 0.
const double = fc
  .double()
  .map((value): JsonDouble => (Number.isFinite(value) ? value + 0 : (String(value) as "NaN")));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const flags = fc.constantFrom(0, 1, 2 ** 32 - 1);

const value = fc.oneof(
  int64.map((asInt) => ({ asInt })),
  double.map((asDouble) => ({ asDouble })),
  fc.constant({}),
);

const exemplar = fc
  .record({
    timeUnixNano,
    value,
    traceId: fc.oneof(fc.constant(""), hex(16)),
    spanId: fc.oneof(fc.constant(""), hex(8)),
    filteredAttributes: attributes,
  })
  .map(({ value: its, ...rest }) => ({ ...rest, ...its }));

const point = { timeUnixNano, startTimeUnixNano: timeUnixNano, attributes, flags };
const exemplars = fc.array(exemplar, { maxLength: 2 });
const distribution = { count: uint64, sum: maybe(double), min: maybe(double), max: maybe(double) };
const buckets = fc.record({ offset: int32, bucketCounts: fc.array(uint64, { maxLength: 4 }) });

const numberPoint = fc
  .record({ ...point, value, exemplars })
  .map(({ value: its, ...rest }) => ({ ...rest, ...its }));

const histogramPoint = fc
  .record({ ...point, ...distribution, exemplars, bounds: fc.array(double, { maxLength: 4 }) })
  .chain(({ bounds, ...rest }) =>
    fc
      .array(uint64, { minLength: bounds.length + 1, maxLength: bounds.length + 1 })
      .map((counts) => ({
        ...rest,
        explicitBounds: bounds,
        bucketCounts: bounds.length === 0 ? [] : counts,
      })),
  );

const exponentialHistogramPoint = fc.record({
  ...point,
  ...distribution,
  exemplars,
  scale: int32,
  zeroCount: uint64,
  zeroThreshold: double,
  positive: maybe(buckets),
  negative: maybe(buckets),
});

const summaryPoint = fc.record({
  ...point,
  count: uint64,
  sum: double,
  quantileValues: fc.array(fc.record({ quantile: double, value: double }), { maxLength: 3 }),
});

const pointsOf = <P>(arbitrary: fc.Arbitrary<P>) => fc.array(arbitrary, { maxLength: 3 });
const aggregationTemporality = fc.integer({ min: 0, max: 2 });

const data: fc.Arbitrary<Omit<OtlpMetric, "name">> = fc.oneof(
  fc.record({ gauge: fc.record({ dataPoints: pointsOf(numberPoint) }) }),
  fc.record({
    sum: fc.record({
      dataPoints: pointsOf(numberPoint),
      aggregationTemporality,
      isMonotonic: fc.boolean(),
    }),
  }),
  fc.record({
    histogram: fc.record({ dataPoints: pointsOf(histogramPoint), aggregationTemporality }),
  }),
  fc.record({
    exponentialHistogram: fc.record({
      dataPoints: pointsOf(exponentialHistogramPoint),
      aggregationTemporality,
    }),
  }),
  fc.record({ summary: fc.record({ dataPoints: pointsOf(summaryPoint) }) }),
);

/** Requests of every shape that OTLP allows, with times that are accepted. */
export const metricsArbitrary: fc.Arbitrary<Envelope<OtlpMetric>> = envelopeArbitrary(
  fc
    .record({ name: text, description: text, unit: text, metadata: attributes, data })
    .map(({ data: arm, ...rest }) => ({ ...rest, ...arm }) as OtlpMetric),
);
