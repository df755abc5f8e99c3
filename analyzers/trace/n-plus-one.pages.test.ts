import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inParallel,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { nPlusOne } from "./n-plus-one.ts";

/** Loops that have no list of keys to gather: pages, queues, locks, tenants, migrations. And what resembles them. */
const page = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 900, ...children]);
const sql = (dbQueryText: string, returnedRows = 1): SpanFields => ({
  ...query,
  dbQuerySummary: dbQueryText.slice(0, 20),
  dbQueryText,
  returnedRows,
});
const loop = (text: string, rows = 1) => page(...inSequence(sql(text, rows), 6, 20));
/** Each page has as many rows as it may, the last one fewer. */
const paged = (text: string, size: number) =>
  page(
    ...inSequence(sql(text), 6, 20).map(
      ([what, start, end], i): SpanNode => [
        { ...(what as SpanFields), returnedRows: i === 5 ? 3 : size },
        start,
        end,
      ],
    ),
  );
const summed = (text: string, size: number) =>
  page(...inSequence(sql(text, size), 10, 10), [
    {
      ...sql(text, 40 * size - 7),
      repeats: 40,
      repeatDistinctParams: 40,
      repeatDurationSumNs: 4e8,
      repeatDurationUnionNs: 4e8,
    },
    100,
    500,
  ]);
const chosen: SpanFields = { ...sql("select set_config($1, $2, true)"), paramsHash: "12" };
/** Before each of eight queries. */
const chosenBefore = (choiceOf: (i: number) => SpanFields) =>
  page(
    ...Array.from({ length: 8 }, (_, i): SpanNode => [choiceOf(i), 22 * i, 22 * i + 2]),
    ...inSequence(query, 8, 10, { fromMs: 4, gapMs: 12 }),
  );
const onServers = (servers: number) =>
  page(
    ...inParallel(query, 8, 20).map(
      ([what, start, end], i): SpanNode => [
        { ...(what as SpanFields), serverAddress: `db-${i % servers}` },
        start,
        end,
      ],
    ),
  );
const behindKey = "select * from orders where id > $1 order by id limit $2";
const ofCustomer = "select * from orders where customer = $1 and id > $2 order by id limit 50";
const runs = (times: string, label: string) => `GET /orders runs the same query ${times}: ${label}`;

testDetector(nPlusOne, {
  quiet: {
    "pages behind the last key": [paged(behindKey, 1_000), "pagination"],
    "the same, of which most are summed up": [summed(behindKey, 1_000), "pagination"],
    "the same, without rows": [loop(behindKey, -1), "pagination"],
    "pages behind a key of two columns": [
      loop("select * from a where (at, id) < ($1, $2) order by at limit 50", 50),
      "pagination",
    ],
    "pages by their offset": [
      loop("select * from a order by id limit $1 offset $2", 50),
      "pagination",
    ],
    "pages as MySQL writes them": [loop("select * from a limit ?, ?", 50), "pagination"],
    "pages of one customer's rows": [paged(ofCustomer, 50), "pagination"],
    "pages with a literal condition": [
      loop("select * from a where state = $0 and id > $1 order by id limit 50", 50),
      "pagination",
    ],
    "ranges of ids": [loop("select * from a where id between $1 and $2", 400), "pagination"],
    "ranges of time": [loop("select * from a where at >= $1 and at < $2", 400), "pagination"],
    "a queue": [
      loop("select * from jobs where run_at <= $1 limit 1 for update skip locked"),
      "queue",
    ],
    "a lock for each": [loop("select pg_advisory_xact_lock($1)"), "not-repeatable"],
    "a wait for each": [loop("select pg_sleep($1)"), "not-repeatable"],
    "the database's catalog": [
      loop("select * from information_schema.columns where table_name = $1"),
      "schema-work",
    ],
    "a migration": [
      buildTrace(["runMigrations", 0, 900, ...inSequence(query, 9, 20)]),
      "schema-work",
    ],
    "one tenant after the other on one connection": [
      chosenBefore((i) => ({ ...sql(`set search_path to tenant_${i}`), shapeId: `${2_000 + i}` })),
      "different-namespaces",
    ],
    "what is new since the last time": [
      buildTrace([
        "GET /events",
        0,
        30_000,
        ...inSequence(sql("select * from events where id > $1"), 20, 3, { gapMs: 1_000 }),
      ]),
      "polling",
    ],
    "a probe with a second word": [
      buildTrace(["GET /health/ready", 0, 300, ...inSequence(query, 9, 9)]),
      "health-check",
    ],
    "a WebSocket": [
      buildTrace([
        { name: "GET /live", kind: spanKind.server, httpResponseStatusCode: 101 },
        0,
        9_000,
        ...inSequence(query, 8, 5, { gapMs: 500 }),
      ]),
      "long-lived",
    ],
    "eight shards": [onServers(8), "different-namespaces"],
  },
  finds: {
    "the latest of each, with a limit": [
      loop("select * from a where b = $1 order by id desc limit 1"),
      runs("6 times", "select * from a wher"),
    ],
    "the latest ten of each, and all have ten": [
      loop(ofCustomer, 10),
      runs("6 times", "select * from orders"),
    ],
    "the one that was valid at a time": [
      loop("select * from a where since <= $1 order by since desc limit 1", -1),
      runs("6 times", "select * from a wher"),
      "high",
    ],
    "a sum for each day": [
      loop("select sum(a) from b where at >= $1 and at < $2"),
      runs("6 times", "select sum(a) from b"),
    ],
    "a function for each row": [
      loop("select price_of($1)"),
      runs("6 times", "select price_of($1)"),
    ],
    "rows of the one tenant, chosen before each": [
      chosenBefore(() => ({ ...chosen, shapeId: "2001" })),
      runs("8 times", "SELECT users"),
    ],
    "from two replicas in turns": [onServers(2), runs("8 times at once", "SELECT users")],
    "of a service about migration": [
      buildTrace([
        { name: "tick", service: "immigration-office" },
        0,
        900,
        ...inSequence(query, 9, 20),
      ]),
      "tick runs the same query 9 times: SELECT users",
    ],
  },
});

test("n-plus-one: how the loop grows is told of many requests, with what a thousand rows would cost", () => {
  const list: SpanFields = {
    ...sql("select * from orders"),
    dbQuerySummary: "SELECT orders",
    shapeId: "8",
  };
  const sample = Array.from({ length: 12 }, (_, i) =>
    page([{ ...list, returnedRows: 5 + i }, 0, 5], ...inSequence(query, 5 + i, 2, { fromMs: 10 })),
  );
  expect(nPlusOne.tellSample!(sample, query.shapeId!)).toEqual({
    clause:
      "its calls grow with the rows of SELECT orders, about one a row (5 to 16 in 12 requests): with 1,000 rows they take 2.0 s",
    fix: [],
  });
  expect(nPlusOne.tellSample!(sample.slice(0, 5), query.shapeId!)).toBeNull();
});
