import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import {
  type MetricLatestParameters,
  type MetricLatestRow,
  metricLatestQuery,
} from "./metric-latest.ts";
import {
  type MetricSeriesParameters,
  type MetricSeriesRow,
  metricSeriesQuery,
} from "./metric-series.ts";

let stored: TestStore;
/** On a multiple of the step, some minutes ago. */
const fromS = Math.floor(Date.now() / 60_000) * 60 - 600;
const window = { service: "shop", fromS, toS: fromS + 120 };

const pool = (name: string) => [{ key: "pool.name", value: { stringValue: name } }];
const at = (offsetS: number) => `${fromS + offsetS}000000000`;

beforeAll(async () => {
  stored = await openTestStore();
  const metrics = [
    {
      name: "pool.used",
      unit: "{connection}",
      gauge: {
        dataPoints: [
          { timeUnixNano: at(0), asInt: "3", attributes: pool("orders") },
          { timeUnixNano: at(10), asDouble: 9, attributes: pool("orders") },
          { timeUnixNano: at(20), asInt: "6", attributes: pool("orders") },
          { timeUnixNano: at(70), asInt: "1", attributes: pool("orders") },
          { timeUnixNano: at(80), flags: 1, attributes: pool("orders") },
          { timeUnixNano: at(5), asInt: "4", attributes: pool("users") },
          { timeUnixNano: at(120), asInt: "77", attributes: pool("users") },
          { timeUnixNano: at(-1), asInt: "88", attributes: pool("users") },
        ],
      },
    },
    {
      name: "pool.wait",
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          { timeUnixNano: at(0), count: 2, sum: 30, bucketCounts: [1, 1], explicitBounds: [10] },
          {
            timeUnixNano: at(9),
            count: 1,
            sum: 5,
            max: 5,
            bucketCounts: [1, 0],
            explicitBounds: [10],
          },
        ],
      },
    },
  ];
  for (const service of ["shop", "other"]) {
    const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
    const request = { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] };
    await stored.insertOtlp("metrics", Buffer.from(JSON.stringify(request)), "json");
  }
});
afterAll(() => stored.close());

const latest = (parameters: Partial<MetricLatestParameters>) =>
  stored.store.select<MetricLatestRow>(metricLatestQuery, {
    ...window,
    metric: "pool.used",
    seriesMax: 10,
    ...parameters,
  });

const series = (parameters: Partial<MetricSeriesParameters>) =>
  stored.store.select<MetricSeriesRow>(metricSeriesQuery, {
    ...window,
    metric: "pool.used",
    stepS: 60,
    stepsMax: 100,
    ...parameters,
  });

test("the latest point of each series of a metric is found, in the window and of the service alone", async () => {
  const rows = await latest({});
  expect(
    rows.map(({ atMs, value, attributes }) => [atMs / 1000 - fromS, value, attributes]),
  ).toEqual([
    [70, 1, { "pool.name": "orders" }],
    [5, 4, { "pool.name": "users" }],
  ]);
  expect(rows[0]).toMatchObject({
    kind: "gauge",
    temporality: "unspecified",
    unit: "{connection}",
  });
  expect(new Set(rows.map(({ seriesId }) => seriesId)).size).toBe(2);
  expect(await latest({ seriesMax: 1 })).toEqual(rows.slice(0, 1));
  expect(await latest({ metric: "pool" })).toEqual([]);
});

test("a histogram's latest point has its buckets, and no value", async () => {
  expect(await latest({ metric: "pool.wait" })).toMatchObject([
    {
      kind: "histogram",
      temporality: "delta",
      value: null,
      count: 1,
      sum: 5,
      min: null,
      max: 5,
      explicitBounds: [10],
      bucketCounts: [1, 0],
    },
  ]);
});

test("a time series has a row a step", async () => {
  const [{ seriesId }] = (await latest({})) as [MetricLatestRow];
  const steps = (await series({})).filter((row) => row.seriesId === seriesId);
  expect(steps).toMatchObject([
    {
      stepS: fromS,
      points: 3,
      valueLast: 6,
      valueMin: 3,
      valueMax: 9,
      valueMean: 6,
      valueTotal: 18,
    },
    { stepS: fromS + 60, points: 1, valueLast: 1, valueMin: 1, valueMax: 1, valueMean: 1 },
  ]);
  expect(await series({ stepsMax: 1 })).toHaveLength(1);
});

test("the totals of delta histograms add up", async () => {
  expect(await series({ metric: "pool.wait" })).toMatchObject([
    { temporality: "delta", points: 2, countLast: 1, countTotal: 3, sumLast: 5, sumTotal: 35 },
  ]);
});
