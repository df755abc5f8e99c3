import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { defaultDecodeLimits } from "./decode-limits.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import { codeOf, context } from "./testing/decode-model.ts";
import { encodeMetrics } from "./testing/encode-metrics.ts";
import { bytes } from "./testing/encode-otlp.ts";
import { type Envelope, envelopeOf, toJsonEnvelope } from "./testing/envelope.ts";
import { metricsArbitrary } from "./testing/metric-arbitrary.ts";
import type { HistogramPoint, OtlpMetric } from "./testing/metric-model.ts";
import { metricRowsQuery, toMetricRows } from "./testing/metric-rows.ts";
import { attribute, testTimeMs } from "./testing/otlp-model.ts";

const now = `${testTimeMs}000001`;

const decode = (envelope: Envelope<OtlpMetric>, limits = {}) =>
  decodeOtlp("metrics", encodeMetrics(envelope), "protobuf", {
    ...context,
    limits: { ...defaultDecodeLimits, ...limits },
  });

const toJson = (envelope: Envelope<OtlpMetric>) =>
  Buffer.from(toJsonEnvelope(envelope, "Metrics", "metrics"));

const gaugeOf = (...asInts: readonly string[]): OtlpMetric => ({
  name: "pool.size",
  gauge: { dataPoints: asInts.map((asInt) => ({ timeUnixNano: now, asInt })) },
});

const histogramOf = (...points: readonly Partial<HistogramPoint>[]): OtlpMetric => ({
  name: "duration",
  histogram: {
    aggregationTemporality: 2,
    dataPoints: points.map((point) => ({ timeUnixNano: now, count: "0", ...point })),
  },
});

describe("metrics", () => {
  it("give equal blocks in both encodings", () => {
    fc.assert(
      fc.property(metricsArbitrary, (metrics) => {
        const fromProtobuf = decode(metrics);
        const fromJson = decodeOtlp("metrics", toJson(metrics), "json", context);
        expect(Buffer.compare(fromProtobuf.block, fromJson.block)).toBe(0);
        expect({ ...fromJson, block: 0 }).toEqual({ ...fromProtobuf, block: 0 });
      }),
    );
  });

  it("cut at any byte are an error, or the metrics before the cut", () => {
    const metrics = fc.sample(metricsArbitrary, { numRuns: 3, seed: 4 }).flat();
    const whole = encodeMetrics([...metrics, ...envelopeOf(gaugeOf("1"))]);
    const { rows } = decodeOtlp("metrics", whole, "protobuf", context);
    const codes = new Map<string, number>();
    for (let end = 0; end < whole.length; end++) {
      const code = codeOf(() => {
        const part = decodeOtlp("metrics", whole.subarray(0, end), "protobuf", context);
        expect(part.rows).toBeLessThan(rows);
      });
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual(["TRUNCATED_PROTOBUF", "decoded"]);
    expect(codes.get("decoded")).toBeLessThan(14);
  });

  it("with any bytes changed are an error of ours or a block", () => {
    const whole = encodeMetrics(fc.sample(metricsArbitrary, { numRuns: 6, seed: 5 }).flat());
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const changed = Buffer.from(whole);
        for (const [at, byte] of changes) changed[at] = byte;
        expect(codeOf(() => decodeOtlp("metrics", changed, "protobuf", context))).toMatch(/^\w+$/);
      }),
      { numRuns: 500 },
    );
  });

  it("a list of numbers that ends within one is an error", () => {
    const body = encodeMetrics(envelopeOf(histogramOf({ bucketCounts: ["1"] })));
    const at = body.indexOf(bytes(6, Buffer.from("0100000000000000", "hex")));
    // The list of one count becomes one of seven bytes, and what follows is a field that nobody knows.
    body[at + 1] = 7;
    body[at + 9] = 0x78;
    expect(codeOf(() => decodeOtlp("metrics", body, "protobuf", context))).toBe("INVALID_PROTOBUF");
  });
});

describe("a data point is rejected and counted", () => {
  const many = (length: number) => Array.from({ length }, () => "1");
  const bounds = (length: number) => Array.from({ length }, (_, i) => i);
  it.each<[string, OtlpMetric]>([
    [
      "outside_time_window",
      { name: "early", gauge: { dataPoints: [{ timeUnixNano: "1", asInt: "1" }] } },
    ],
    ["invalid_buckets", histogramOf({ bucketCounts: many(2), explicitBounds: bounds(3) })],
    ["too_many_buckets", histogramOf({ bucketCounts: many(9), explicitBounds: bounds(8) })],
    ["too_many_buckets", histogramOf({ explicitBounds: bounds(9) })],
    [
      "too_many_buckets",
      {
        name: "exponential",
        exponentialHistogram: {
          aggregationTemporality: 1,
          dataPoints: [
            { timeUnixNano: now, count: "9", negative: { offset: 0, bucketCounts: many(9) } },
          ],
        },
      },
    ],
    [
      "too_many_buckets",
      {
        name: "summary",
        summary: {
          dataPoints: [
            {
              timeUnixNano: now,
              count: "9",
              sum: 1,
              quantileValues: bounds(9).map((quantile) => ({ quantile, value: 1 })),
            },
          ],
        },
      },
    ],
  ])("%s: %#", (reason, metric) => {
    const limits = { bucketsMax: 8 };
    const { block, ...counts } = decode(envelopeOf(metric, gaugeOf("1")), limits);
    expect(counts).toMatchObject({ rows: 1, rejected: 1, rejectedReasons: { [reason]: 1 } });
    expect(block).toEqual(decode(envelopeOf(gaugeOf("1"))).block);
    const fromJson = decodeOtlp("metrics", toJson(envelopeOf(metric)), "json", {
      ...context,
      limits: { ...defaultDecodeLimits, ...limits },
    });
    expect(fromJson.rejectedReasons).toEqual({ [reason]: 1 });
  });

  it("of a service that the key may not send", () => {
    const other = [{ ...envelopeOf(gaugeOf("1"))[0]!, resource: [attribute("service.name", "x")] }];
    const then = { ...context, services: ["shop"] };
    const decoded = decodeOtlp("metrics", encodeMetrics(other), "protobuf", then);
    expect(decoded).toMatchObject({ rows: 0, rejectedReasons: { service_not_allowed: 1 } });
  });
});

it("a request with too many data points is refused, however they are spread", () => {
  const three = envelopeOf(gaugeOf("1", "2"), gaugeOf("3"));
  expect(decode(three, { rowsMax: 3 }).rows).toBe(3);
  expect(codeOf(() => decode(three, { rowsMax: 2 }))).toBe("TOO_MANY_ROWS");
});

it("exemplars over the limit are dropped and counted", () => {
  const exemplars = [1, 2, 3].map((i) => ({ timeUnixNano: now, asInt: `${i}` }));
  const { losses } = decode(envelopeOf(histogramOf({ exemplars })), { exemplarsMax: 2 });
  expect(losses.droppedExemplars).toBe(1);
});

describe("in the store", () => {
  let stored: TestStore;
  beforeAll(async () => {
    stored = await openTestStore();
  });
  afterAll(() => stored.close());

  it("every data point comes back as it was sent", async () => {
    const metrics = fc.sample(metricsArbitrary, { numRuns: 100, seed: 8 }).flat();
    await stored.insertOtlp("metrics", encodeMetrics(metrics), "protobuf", context);
    const rows = await stored.store.select<{ kindName: string }>(metricRowsQuery, {});
    const inOrder = (list: readonly object[]) => list.map((row) => JSON.stringify(row)).sort();
    expect(new Set(rows.map(({ kindName }) => kindName)).size).toBe(5);
    expect(rows.length).toBeGreaterThan(100);
    expect(inOrder(rows)).toEqual(inOrder(toMetricRows(metrics)));
  });

  it("the specification's example comes back", async () => {
    const file = new URL("../../test/fixtures/otlp/metrics.json", import.meta.url);
    const example = readFileSync(file, "utf8").replaceAll("1544712660300000000", now);
    await stored.insertOtlp("metrics", Buffer.from(example), "json", context);
    const sql = `
      SELECT name, unit, kind, temporality, is_monotonic AS isMonotonic, value, toUInt32(count) AS count, sum, min, max,
        explicit_bounds AS bounds, arrayMap(x -> toUInt32(x), bucket_counts) AS counts, scale,
        toUInt32(zero_count) AS zeroCount, positive_offset AS offset,
        arrayMap(x -> toUInt32(x), positive_bucket_counts) AS positive, mapValues(attributes) AS attributeValues
      FROM metric_points WHERE service = 'my.service' ORDER BY name LIMIT 10`;
    const rows = await stored.store.select({ name: "example", sql }, {});
    const empty = { value: 0, count: 0, sum: null, min: null, max: null, bounds: [], counts: [] };
    const noBuckets = { scale: 0, zeroCount: 0, offset: 0, positive: [] };
    const all = {
      unit: "1",
      isMonotonic: false,
      attributeValues: ["some value"],
      ...empty,
      ...noBuckets,
    };
    expect(rows).toEqual([
      {
        ...all,
        name: "my.counter",
        kind: "sum",
        temporality: "delta",
        isMonotonic: true,
        value: 5,
      },
      {
        ...all,
        name: "my.exponential.histogram",
        kind: "exponential_histogram",
        temporality: "delta",
        count: 3,
        sum: 10,
        min: 0,
        max: 5,
        zeroCount: 1,
        offset: 1,
        positive: [0, 2],
      },
      { ...all, name: "my.gauge", kind: "gauge", temporality: "unspecified", value: 10 },
      {
        ...all,
        name: "my.histogram",
        kind: "histogram",
        temporality: "delta",
        count: 2,
        sum: 2,
        min: 0,
        max: 2,
        bounds: [1],
        counts: [1, 1],
      },
    ]);
  });

  it("points of one series have its id, whatever the order of their attributes", async () => {
    const a = attribute("a", "1");
    const b = attribute("b", 2);
    const points = [[a, b], [b, a], [a], [attribute("a", 1), b]].map((attributes, i) => ({
      timeUnixNano: now,
      asInt: `${i}`,
      attributes,
    }));
    const metrics = envelopeOf({ name: "series", gauge: { dataPoints: points } });
    await stored.insertOtlp("metrics", encodeMetrics(metrics), "protobuf", context);
    const sql = `SELECT groupArray(value_int) AS points
      FROM (SELECT series_id, value_int FROM metric_points WHERE name = 'series' ORDER BY value_int LIMIT 10)
      GROUP BY series_id ORDER BY points LIMIT 10`;
    expect(await stored.store.select({ name: "series", sql }, {})).toEqual([
      { points: ["0", "1"] },
      { points: ["2"] },
      { points: ["3"] },
    ]);
  });
});
