import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inParallel,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import type { ConnectionHolder, ConnectionHolders } from "../facts/connection-holders.ts";
import { poolWait } from "./pool-wait.ts";

/** The agent's word: the call waited so long before it was sent. */
const waited = (ms: number, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...query,
  poolWaitNs: ms * 1e6,
  ...fields,
});
const checkout: SpanFields = {
  name: "pg-pool.connect",
  kind: 3,
  dbSystemName: "postgresql",
  dbNamespace: "shop",
};
const statement = (text: string): SpanFields => ({
  ...query,
  name: text,
  dbQueryText: text,
  dbQuerySummary: text.toUpperCase(),
  shapeId: `9${text.length}`,
});
const page = (...children: SpanNode[]) => buildTrace(["POST /checkout", 0, 400, ...children]);

testDetector(poolWait, {
  quiet: {
    "a connection is free at once": page([checkout, 0, 0.2], [query, 0.2, 20]),
    "49 ms": page([waited(49), 0, 60]),
    "less than a tenth of the request": buildTrace(["GET /export", 0, 900, [waited(80), 0, 90]]),
    "a query that takes long, with a connection": page([query, 0, 300]),
    "a connection is opened, and nobody is waited for": [
      page(
        [checkout, 0, 80, [{ name: "pg.connect", dbSystemName: "postgresql" }, 2, 78]],
        [checkout, 90, 180, [{ name: "pg.connect", dbSystemName: "postgresql" }, 91, 110]],
      ),
      "connecting",
    ],
    "the request itself makes twenty calls at once": [
      page(...inParallel(waited(90), 20, 100)),
      "own-fan-out",
    ],
    "nothing could be read: the event loop was blocked": [
      page([waited(100), 0, 120], [{ name: "event loop blocked" }, 0, 110]),
      "event-loop-block",
    ],
    "a readiness check": [
      buildTrace(["GET /readyz", 0, 200, [waited(150), 0, 160]]),
      "health-check",
    ],
    "a job that runs for minutes": [
      buildTrace(["nightly", 0, 90_000, [waited(80_000), 0, 80_100]]),
      "long-lived",
    ],
  },
  finds: {
    "a query that waited, as the agent says": [
      page([waited(150), 0, 160]),
      "POST /checkout waits 150 ms of its 400 ms for a connection",
      "high",
    ],
    "several short waits that together are long": [
      page([waited(30), 0, 40], [waited(30), 50, 90]),
      "POST /checkout waits 60 ms of its 400 ms for a connection",
      "high",
    ],
    "of a bare SDK, longer than any connection takes to open": [
      page([checkout, 0, 250], [query, 250, 260]),
      "POST /checkout waits 250 ms of its 400 ms for a connection",
      "medium",
    ],
    "of a bare SDK, so short that a connection may have been opened": [
      page([checkout, 0, 80], [query, 80, 90]),
      "POST /checkout waits 80 ms of its 400 ms for a connection",
      "low",
    ],
    "a pool of the JVM": [
      page([{ name: "HikariDataSource.getConnection" }, 0, 300], [query, 300, 310]),
      "POST /checkout waits 300 ms of its 400 ms for a connection",
    ],
    "while it holds another connection": [
      page(
        [statement("begin"), 0, 1],
        [statement("update a"), 2, 5],
        [checkout, 10, 300],
        [statement("commit"), 310, 311],
      ),
      "POST /checkout waits 290 ms of its 400 ms for a connection, while it holds another in a transaction",
    ],
  },
});

test("pool-wait: the pool is the service's: every endpoint that waits is the same finding", () => {
  const identityAt = (route: string) =>
    poolWait.detect(buildTrace([route, 0, 200, [waited(150), 0, 160]]), poolWait.meta.defaults)[0]!
      .identity;
  expect(identityAt("GET /a")).toEqual(["shop", "test", "postgresql", "shop"]);
  expect(identityAt("GET /b")).toEqual(identityAt("GET /a"));
});

test("pool-wait: two pools to one database are two findings, where calls name them", () => {
  const first = { poolName: "db:5432/shop" };
  const second = { poolName: "db:5432/shop (2)" };
  const both = page([waited(150, first), 0, 160], [waited(90, second), 170, 270]);
  const observed = poolWait.detect(both, poolWait.meta.defaults);
  expect(observed.map(({ identity, spans, summary }) => [identity.at(-1), spans, summary])).toEqual(
    [
      ["db:5432/shop", [1], "POST /checkout waits 150 ms of its 400 ms for a connection"],
      ["db:5432/shop (2)", [2], "POST /checkout waits 90 ms of its 400 ms for a connection"],
    ],
  );
});

test("pool-wait: many calls at once on another pool are no reason to wait for this one", () => {
  const wait = waited(90, { poolName: "db:5432/shop (2)" });
  const others = inParallel({ ...query, poolName: "db:5432/shop" }, 20, 100);
  const [observation] = poolWait.detect(page(...others, [wait, 0, 100]), poolWait.meta.defaults);
  expect(observation!.suppressedBy).toBeUndefined();
});

test("pool-wait: what can go is the wait, not the query", () => {
  const [observation] = poolWait.detect(page([waited(150), 0, 160]), poolWait.meta.defaults);
  expect(observation!.changes).toEqual([{ kind: "remove-wait", spans: [1], removableNs: [150e6] }]);
});

test("pool-wait: where the agent measures, a checkout of another library counts no second time", () => {
  const [observation] = poolWait.detect(
    page([checkout, 0, 150], [waited(150), 0, 160]),
    poolWait.meta.defaults,
  );
  expect(observation!.spans).toEqual([1]);
});

const holder = (fields: Partial<ConnectionHolder> = {}): ConnectionHolder => ({
  kind: "transaction",
  endpoint: "POST /checkout",
  what: "a transaction that waits for POST /payments",
  share: 0.7,
  heldNs: 95e6,
  ...fields,
});
const report = holder({
  kind: "query",
  endpoint: "GET /report",
  what: "SELECT sales",
  share: 0.2,
  heldNs: 800e6,
});
const tell = (holders: readonly ConnectionHolder[], fields: Partial<ConnectionHolders> = {}) =>
  poolWait.tellHolders!({ holders, waits: 5, seenShare: 0.9, connections: 10, ...fields });

test("pool-wait: those who hold connections while others wait are named, with what to do about each", () => {
  const told = tell([holder(), report, holder({ endpoint: "GET /small", share: 0.1 })])!;
  expect(told.clause).toBe(
    "connections are held by POST /checkout for a transaction that waits for POST /payments (70 %), GET /report for SELECT sales (20 %)",
  );
  expect(told.fix).toHaveLength(2);
  expect(told.fix[0]).toContain("between BEGIN and COMMIT");
  expect(told.fix[1]).toContain("Make SELECT sales of GET /report faster (800 ms each");
});

test("pool-wait: where nobody holds a connection for long, there are too many queries, or too few connections", () => {
  const told = tell([holder({ kind: "query", what: "SELECT items", heldNs: 2e6 })])!;
  expect(told.clause).toContain("held for short, by POST /checkout for SELECT items (70 %)");
  expect(told.fix[0]).toContain("10 were held at once");
});

test("pool-wait: nobody is named from few waits, of holders that were mostly not seen, or that are many", () => {
  expect(tell([holder()], { waits: 2 })).toBeNull();
  expect(tell([holder()], { seenShare: 0.4 })).toBeNull();
  expect(tell([])).toBeNull();
  expect(tell(Array.from({ length: 10 }, () => holder({ share: 0.1 })))).toBeNull();
});
