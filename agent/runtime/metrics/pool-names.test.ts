import { expect, it } from "vitest";
import { PoolNames } from "./pool-names.ts";

interface Pool {
  readonly leadsTo: string;
}

const toName = ({ leadsTo }: Pool) => leadsTo;

it("calls a pool for where it leads to, and a second one to the same place by its number", () => {
  const names = new PoolNames();
  const pools = ["db:5432/shop", "db:5432/shop", "db:5432/users", "db:5432/shop"].map(
    (leadsTo): Pool => ({ leadsTo }),
  );
  const expected = ["db:5432/shop", "db:5432/shop (2)", "db:5432/users", "db:5432/shop (3)"];
  expect(pools.map((pool) => names.of(pool, toName))).toEqual(expected);
  expect(pools.map((pool) => names.of(pool, () => "another"))).toEqual(expected);
});

it("has names for so many pools, and none for others", () => {
  const names = new PoolNames();
  const pools = Array.from({ length: 202 }, (_, n): Pool => ({ leadsTo: `db-${n}:5432/` }));
  const given = pools.map((pool) => names.of(pool, toName));
  expect(new Set(given.slice(0, 200)).size).toBe(200);
  expect(given.slice(200)).toEqual(["", ""]);
  expect(names.of(pools[201]!, toName)).toBe("");
});
