import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openScratchClickHouse } from "../../test/support/scratch-clickhouse.ts";
import { type SlowEndpointRow, slowEndpoint } from "./slow-endpoint.ts";

const { meta, query, toObservation } = slowEndpoint;
const clickHouse = openScratchClickHouse();
afterAll(() => clickHouse.close());

beforeEach(async () => {
  await clickHouse.run(`
    CREATE OR REPLACE TABLE ops_1m (
      minute DateTime('UTC'), service LowCardinality(String), environment LowCardinality(String),
      service_version LowCardinality(String), name LowCardinality(String), kind UInt8,
      http_request_method LowCardinality(String), http_route LowCardinality(String), status_code UInt8,
      bucket UInt16, c UInt64, w Float64, n Float64, s UInt64
    ) ENGINE = MergeTree ORDER BY minute`);
});

interface Requests {
  readonly ms: number;
  readonly count?: number;
  readonly weight?: number;
  readonly route?: string;
  readonly kind?: number;
  readonly minute?: string;
  readonly version?: string;
}

/** As the view of ops_1m fills it. */
async function store(...all: readonly Requests[]): Promise<void> {
  for (const { ms, count = 100, weight = 1, kind = 2, ...rest } of all) {
    const { route = "/orders", minute = "2026-11-22 10:05:00", version = "1" } = rest;
    await clickHouse.run(`
      INSERT INTO ops_1m
      SELECT '${minute}', 'shop', 'production', '${version}', 'GET ${route}', ${kind}, 'GET', '${route}', 0,
        toUInt16(floor(log2(${ms} * 1e6 + 1) * 8)), ${count}, ${count * weight}, ${count}, ${count * ms * 1e6}`);
  }
}

const from = Date.UTC(2026, 10, 22, 10) / 1000;
const hour = { from, to: from + 3600, findingsMax: 10 };
const find = (parameters = {}) =>
  clickHouse.select<SlowEndpointRow>(query, { ...meta.defaults, ...hour, ...parameters });
const routesFound = async (parameters = {}) => (await find(parameters)).map(({ route }) => route);

describe("slow-endpoint is quiet", () => {
  test.each<[string, Requests[]]>([
    ["nothing is stored", []],
    ["p95 is below the threshold", [{ ms: 400 }]],
    [
      "the slow ones are fewer than one in twenty",
      [
        { ms: 100, count: 97 },
        { ms: 9000, count: 3 },
      ],
    ],
    ["49 requests", [{ ms: 900, count: 49 }]],
    ["49 requests that stand for many", [{ ms: 900, count: 49, weight: 10 }]],
    ["a client's span", [{ ms: 900, kind: 3 }]],
    ["no route", [{ ms: 900, route: "" }]],
    ["a health check", [{ ms: 900, route: "/api/Healthz" }]],
    ["before the window", [{ ms: 900, minute: "2026-11-22 09:59:00" }]],
    ["after the window", [{ ms: 900, minute: "2026-11-22 11:00:00" }]],
  ])("%s", async (_, requests) => {
    await store(...requests);
    expect(await routesFound()).toEqual([]);
  });
});

describe("slow-endpoint finds", () => {
  test("one request in twenty that is slow, in any version and minute", async () => {
    await store(
      { ms: 100, count: 90, version: "1" },
      { ms: 800, count: 6, version: "1" },
      { ms: 1600, count: 4, version: "2", minute: "2026-11-22 10:40:00" },
    );
    const [row, ...others] = await find();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      service: "shop",
      environment: "production",
      method: "GET",
      route: "/orders",
      requests: 100,
    });
    expect(Math.abs(row!.p95Ns / 800e6 - 1)).toBeLessThan(0.044);
    expect(Math.abs(row!.p50Ns / 100e6 - 1)).toBeLessThan(0.044);
    // 6 × 0.3 s and 4 × 1.1 s above the threshold, in the 36 minutes from 10:05 to 10:40.
    expect(row!.secondsPerDay / ((6.2 * 24 * 60) / 36)).toBeCloseTo(1, 1);
  });

  test("sampled requests count for those that were not kept", async () => {
    await store({ ms: 100, count: 95 }, { ms: 800, count: 5, weight: 10 });
    expect((await find())[0]).toMatchObject({ requests: 145, route: "/orders" });
  });

  test.each([1, 3, 20, 499, 501, 1000, 60_000])("p95 of %i ms within 4.4 %%", async (ms) => {
    await store({ ms });
    const [row] = await find({ p95Ms: 0 });
    expect(Math.abs(row!.p95Ns / (ms * 1e6) - 1)).toBeLessThan(0.0443);
  });

  test("what costs most time first, at most as many as asked for", async () => {
    await store({ ms: 600, route: "/a" }, { ms: 5000, route: "/b" }, { ms: 900, route: "/c" });
    expect(await routesFound()).toEqual(["/b", "/c", "/a"]);
    expect(await routesFound({ findingsMax: 2 })).toEqual(["/b", "/c"]);
  });
});

describe("slow-endpoint says", () => {
  const row: SlowEndpointRow = {
    service: "shop",
    environment: "production",
    method: "GET",
    route: "/orders",
    requests: 100,
    p50Ns: 710e6,
    p95Ns: 1.25e9,
    secondsPerDay: 149,
  };

  test("how slow, where, and how much it costs", () => {
    expect(toObservation(row, meta.defaults)).toMatchObject({
      identity: ["shop", "production", "GET", "/orders"],
      summary: "GET /orders takes 1.3 s at p95, 710 ms at p50",
      confidence: "high",
      requests: 100,
      secondsPerDay: 149,
    });
  });

  test("that only the tail is slow, when it is", () => {
    const [first] = toObservation({ ...row, p50Ns: 50e6 }, meta.defaults).fix;
    expect(first).toContain("25 times as long as most");
    expect(toObservation(row, meta.defaults).fix[0]).toContain("critical path");
  });
});
