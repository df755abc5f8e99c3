import { describe, expect, test } from "vitest";
import { connectionHolders, type HeldBy } from "./connection-holders.ts";

const pool = "1 postgresql";
const wait = (start: number, end: number, poolName = "") => ({ start, end, pool, poolName });
const hold = (start: number, end: number, fields: Partial<HeldBy> = {}): HeldBy => ({
  start,
  end,
  pool,
  poolName: "",
  askedAt: start,
  isFirst: true,
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

const ms = (start: number, end: number) => [start * 1e6, end * 1e6] as const;
const named = (waits: ReturnType<typeof wait>[], holds: readonly HeldBy[], measured = waits) =>
  connectionHolders(waits, holds, measured).holders.map(({ endpoint }) => endpoint);

describe("two pools of one process", () => {
  const waits = [wait(...ms(0, 100)), wait(...ms(200, 300))];
  const passing = hold(...ms(20, 60), other);
  const before = hold(...ms(190, 290), other);

  test("who asked later and had a connection first is served by another pool, then and at other times", () => {
    expect(named(waits, [passing, before])).toEqual([]);
    expect(named(waits, [passing, before, hold(...ms(-20, 100))])).toEqual(["GET /report"]);
    const second = { ...other, what: "SELECT prices", isFirst: false };
    expect(named(waits, [passing, hold(...ms(220, 280), second)])).toEqual([]);
  });

  test("who had it before the other asked, or as that one's turn came, proves nothing", () => {
    for (const unproved of [
      hold(...ms(-10, 60), other),
      hold(...ms(3, 60), other),
      hold(...ms(97, 160), other),
    ]) {
      expect(named(waits, [unproved])).toEqual(["GET /list"]);
    }
  });

  test("who stood in the queue is of this pool", () => {
    const queued = hold(...ms(99, 150), { ...other, askedAt: 50e6 });
    expect(named(waits, [queued, before])).toEqual(["GET /list"]);
    // It passed once, perhaps on a connection that it had taken before it had anything to ask.
    expect(named(waits, [queued, passing, before])).toEqual(["GET /list"]);
  });

  test("who waited, and had it before the other all the same, waited for another pool", () => {
    const both = hold(...ms(60, 90), { ...other, askedAt: 20e6 });
    expect(named(waits, [both, before])).toEqual([]);
  });

  test("a later call of a request may be made on the connection that it has", () => {
    const later = hold(...ms(20, 60), { ...other, isFirst: false });
    expect(named(waits, [later])).toEqual(["GET /list"]);
  });

  test("in another process, or to another database, nobody is passed", () => {
    const elsewhere = waits.map((each) => ({ ...each, pool: "2 postgresql" }));
    expect(named(waits, [passing], elsewhere)).toEqual(["GET /list"]);
  });

  test("where nobody measures waits, nobody is known to have had it at once", () => {
    expect(named(waits, [passing], [])).toEqual(["GET /list"]);
  });
});

describe("two pools of one process, which spans name", () => {
  const waits = [wait(0, 100, "db:5432/shop")];
  const same = hold(0, 100, { poolName: "db:5432/shop" });
  const second = hold(0, 100, { ...other, poolName: "db:5432/shop (2)" });

  test("only those of the same pool are named, whoever was served first", () => {
    expect(named(waits, [same, second])).toEqual(["GET /report"]);
    expect(connectionHolders(waits, [second])).toMatchObject({ holders: [], seenShare: 0 });
  });

  test("one endpoint that uses both holds for what it does on this one", () => {
    const both = [same, hold(0, 50, { what: "SELECT far", poolName: "db:5432/shop (2)" })];
    expect(connectionHolders(waits, both).holders).toMatchObject([
      { endpoint: "GET /report", what: "SELECT sales", share: 1 },
    ]);
  });

  test("who passed another wait of the same pool stays its holder: the name says it", () => {
    const passing = hold(...ms(20, 60), { ...other, poolName: "db:5432/shop" });
    expect(named([wait(...ms(0, 100), "db:5432/shop")], [passing])).toEqual(["GET /list"]);
  });

  test("where either side has no name, who was served first tells as ever", () => {
    const passing = hold(...ms(20, 60), other);
    expect(named([wait(...ms(0, 100), "db:5432/shop")], [passing])).toEqual([]);
    expect(named([wait(...ms(0, 100), "db:5432/shop")], [hold(...ms(-20, 60))])).toEqual([
      "GET /report",
    ]);
    const namedHold = hold(...ms(20, 60), { ...other, poolName: "db:5432/shop (2)" });
    expect(named([wait(...ms(0, 100))], [namedHold])).toEqual([]);
  });

  test("equal names of two processes are two pools", () => {
    const elsewhere = hold(0, 100, { pool: "2 postgresql", poolName: "db:5432/shop" });
    expect(named(waits, [elsewhere])).toEqual([]);
  });
});
