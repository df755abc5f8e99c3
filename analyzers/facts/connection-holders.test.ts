import { expect, test } from "vitest";
import { connectionHolders, type HeldBy } from "./connection-holders.ts";

const pool = "1 postgresql";
const wait = (start: number, end: number) => ({ start, end, pool });
const hold = (start: number, end: number, fields: Partial<HeldBy> = {}): HeldBy => ({
  start,
  end,
  pool,
  share: 1,
  kind: "query",
  endpoint: "GET /report",
  what: "SELECT sales",
  ...fields,
});
const other = { endpoint: "GET /list", what: "SELECT items" };

test("holders are named by their share of the connections' time while others waited", () => {
  const { holders, ...rest } = connectionHolders(
    [wait(0, 100), wait(200, 300)],
    [hold(-500, 120), hold(190, 900), hold(40, 90, other), hold(120, 190, other)],
  );
  expect(rest).toEqual({ waits: 2, seenShare: 1, connections: 2 });
  expect(holders).toEqual(
    [
      { ...other, kind: "query", share: 50 / 250, heldNs: 50 },
      {
        endpoint: "GET /report",
        what: "SELECT sales",
        kind: "query",
        share: 200 / 250,
        heldNs: 620,
      },
    ].reverse(),
  );
});

test("another process's connections, or another database's, are nobody's to wait for", () => {
  const elsewhere = [hold(0, 100, { pool: "2 postgresql" }), hold(0, 100, { pool: "1 redis" })];
  expect(connectionHolders([wait(0, 100)], elsewhere)).toMatchObject({ holders: [], seenShare: 0 });
});

test("connections that follow each other are one; what is seen is counted once", () => {
  const { seenShare, connections } = connectionHolders(
    [wait(0, 100)],
    [hold(0, 30), hold(30, 50), hold(40, 50, other)],
  );
  expect([seenShare, connections]).toEqual([0.5, 2]);
});

test("a loop that is summed up holds for its share of the time", () => {
  const { holders } = connectionHolders(
    [wait(0, 100)],
    [hold(0, 100, { share: 0.25 }), hold(0, 75, other)],
  );
  expect(holders.map(({ endpoint, share }) => [endpoint, share])).toEqual([
    ["GET /list", 0.75],
    ["GET /report", 0.25],
  ]);
});

test("nobody waited: nothing is divided by nothing", () => {
  expect(connectionHolders([], [hold(0, 1)])).toEqual({
    holders: [],
    waits: 0,
    seenShare: 0,
    connections: 0,
  });
});
