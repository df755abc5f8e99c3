import { expect, it } from "vitest";
import { PoolGauges, type PoolState } from "./pool-gauges.ts";

interface FakePool {
  state: PoolState;
}

const follow = (gauges: PoolGauges, pool: FakePool) =>
  gauges.follow(
    pool,
    () => "db:5432/shop",
    ({ state }) => state,
  );

const valuesOf = (gauges: PoolGauges, metric: string) =>
  gauges
    .collect()
    .find(({ name }) => name === `db.client.connection.${metric}`)
    ?.points.map((point) => ({
      ...point.attributes,
      value: "value" in point ? point.value : undefined,
    }));

it("tells of each pool by itself, as it is at the moment", () => {
  const gauges = new PoolGauges();
  const one: FakePool = { state: { used: 1, idle: 2, pending: 0, max: 10 } };
  const two: FakePool = { state: { used: 5, idle: 0, pending: 7, max: 5 } };
  for (const pool of [one, two, one]) follow(gauges, pool);
  one.state = { used: 3, idle: 0, pending: 4, max: 10 };

  const name = "db.client.connection.pool.name";
  const state = "db.client.connection.state";
  expect(valuesOf(gauges, "count")).toEqual([
    { [name]: "db:5432/shop", [state]: "used", value: 3 },
    { [name]: "db:5432/shop", [state]: "idle", value: 0 },
    { [name]: "db:5432/shop (2)", [state]: "used", value: 5 },
    { [name]: "db:5432/shop (2)", [state]: "idle", value: 0 },
  ]);
  expect(valuesOf(gauges, "pending_requests")).toEqual([
    { [name]: "db:5432/shop", value: 4 },
    { [name]: "db:5432/shop (2)", value: 7 },
  ]);
  expect(valuesOf(gauges, "max")?.map(({ value }) => value)).toEqual([10, 5]);
});

it("tells how long each pool let wait, and how many gave up", () => {
  const gauges = new PoolGauges();
  const pool: FakePool = { state: { used: 1, idle: 0, pending: 0, max: 1 } };
  const unknown: FakePool = { state: { used: 1, idle: 0, pending: 0, max: 1 } };
  follow(gauges, pool);
  for (const it of [pool, pool, unknown]) gauges.checkedOut(it, 1_500, undefined);
  // Those of pg, tarn and sequelize-pool, and MongoDB; and one that has nothing to do with waiting.
  const timeouts = [
    new Error("timeout exceeded when trying to connect"),
    Object.assign(new Error("Operation took too long"), { name: "TimeoutError" }),
    new Error("Timed out while checking out a connection from connection pool"),
  ];
  for (const error of [...timeouts, new Error("connect ECONNREFUSED")]) {
    gauges.checkedOut(pool, 9_000, error);
  }
  const name = "db.client.connection.pool.name";
  expect(valuesOf(gauges, "timeouts")).toEqual([{ [name]: "db:5432/shop", value: 3 }]);
  const waits = gauges.collect().find((it) => it.name === "db.client.connection.wait_time");
  // In seconds, and not of those that gave up.
  expect(waits?.points).toMatchObject([
    { attributes: { [name]: "db:5432/shop" }, count: 2, sum: 3 },
  ]);
});

it("follows so many pools and no more", () => {
  const gauges = new PoolGauges();
  const pools = Array.from({ length: 201 }, (): FakePool => {
    return { state: { used: 0, idle: 0, pending: 0, max: 1 } };
  });
  for (const pool of pools) follow(gauges, pool);
  expect(valuesOf(gauges, "max")).toHaveLength(200);
});
