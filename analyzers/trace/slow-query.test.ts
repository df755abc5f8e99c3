import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import type { HourOfCalls } from "../model/call-history.ts";
import { slowQuery } from "./slow-query.ts";

const reviews: SpanFields = {
  ...query,
  name: "SELECT reviews",
  dbQuerySummary: "SELECT reviews",
  dbQueryText: "select id from reviews where email = $1 order by id desc limit $2",
  returnedRows: 3,
};
const page = (...children: SpanNode[]) => buildTrace(["GET /reviews", 0, 200, ...children]);
const one = (fields: Partial<SpanFields> = {}, endMs = 160) =>
  page([{ ...reviews, ...fields }, 10, endMs]);
const text = (dbQueryText: string, fields: Partial<SpanFields> = {}) =>
  one({ dbQueryText, ...fields });

testDetector(slowQuery, {
  quiet: {
    "5,000 rows in 120 ms: the rows take the time": [
      page([{ ...reviews, returnedRows: 5_000 }, 10, 130]),
      "many-rows",
    ],
    "a migration": [buildTrace(["migrate", 0, 200, [reviews, 10, 160]]), "schema-work"],
    "less than 100 ms": one({}, 109),
    "long, and less than half of the request": page([reviews, 0, 99], [reviews, 100, 199]),
    "long, beside something that is longer": page(["render", 0, 199], [reviews, 0, 150]),
    "a query that is a root: nobody waits for it": buildTrace([reviews, 0, 500]),
    "made five times: the number is the fault": [
      buildTrace(["GET /reviews", 0, 900, ...inSequence(reviews, 5, 150)]),
      "repeated",
    ],
    "waiting for a row that somebody else holds": [
      text("select * from stock where id = $1 for update"),
      "waits-for-lock",
    ],
    "an advisory lock": [text("select pg_advisory_lock($1)"), "waits-for-lock"],
    "building an index": [text("create index on reviews (email)"), "maintenance"],
    "a stored procedure is called by its owner": [text("call close_month($1)"), "maintenance"],
    "a commit that waits for the disk": [text("commit"), "transaction-control"],
    "a cursor's next page": [text("fetch 1000 from c"), "cursor"],
    "Redis waits for an element": [
      text("", { dbSystemName: "redis", dbQuerySummary: "BLPOP" }),
      "blocking-read",
    ],
    "thousands of rows written at once": [
      text("insert into reviews select * from old", { returnedRows: 20_000 }),
      "bulk-write",
    ],
    "it waited for a connection": [one({ poolWaitNs: 100e6 }), "pool-wait"],
    "its answer could not be read": [
      page([reviews, 10, 160], [{ name: "event loop blocked" }, 30, 150]),
      "event-loop-block",
    ],
    "a readiness check that asks the database": [
      buildTrace(["GET /readyz", 0, 200, [reviews, 0, 190]]),
      "health-check",
    ],
    "a nightly job": [buildTrace(["nightly", 0, 90_000, [reviews, 0, 80_000]]), "long-lived"],
  },
  finds: {
    "few rows, long": [
      one(),
      "GET /reviews waits 150 ms of its 200 ms for one query, for 3 rows: SELECT reviews",
      "high",
    ],
    "of a bare SDK, which knows no rows": [
      one({ returnedRows: -1, paramsHash: "0" }),
      "GET /reviews waits 150 ms of its 200 ms for one query: SELECT reviews",
      "medium",
    ],
    "without its text": [
      one({ dbQueryText: "" }),
      "GET /reviews waits 150 ms of its 200 ms for one query, for 3 rows: SELECT reviews",
      "low",
    ],
    "twice, which together are most of the request": [
      buildTrace(["GET /reviews", 0, 300, ...inSequence(reviews, 2, 120)]),
      "GET /reviews waits 240 ms of its 300 ms for 2 runs of one query, for 6 rows: SELECT reviews",
    ],
    "below an ORM's span and a pool's": [
      page([
        "findReviews",
        0,
        180,
        [{ name: "pg-pool.connect", dbSystemName: "postgresql" }, 0, 5],
        [reviews, 5, 170],
      ]),
      "GET /reviews waits 165 ms of its 200 ms for one query, for 3 rows: SELECT reviews",
    ],
    "an update that finds its row slowly": [
      text("update reviews set stars = $1 where email = $2", {
        returnedRows: 1,
        dbQuerySummary: "UPDATE reviews",
      }),
      "GET /reviews waits 150 ms of its 200 ms for one query, for 1 row: UPDATE reviews",
    ],
  },
});

const observe = (fields: Partial<SpanFields>, route = "GET /reviews") =>
  slowQuery.detect(
    buildTrace([route, 0, 200, [{ ...reviews, ...fields }, 10, 160]]),
    slowQuery.meta.defaults,
  )[0]!;

test("slow-query: one index helps every endpoint: the identity names the shape and no endpoint", () => {
  expect(observe({}).identity).toEqual(["shop", "test", "1001"]);
  expect(observe({}, "GET /profile").identity).toEqual(observe({}).identity);
  expect(observe({ shapeId: "1002" }).identity).not.toEqual(observe({}).identity);
});

test("slow-query: the fix names the columns and the way to see the plan; many rows ask for fewer", () => {
  expect(observe({}).fix[0]).toContain("EXPLAIN (ANALYZE, BUFFERS)");
  expect(observe({}).fix[0]).toContain("an index on email");
  expect(observe({ returnedRows: 5000 }).fix[0]).toContain("LIMIT");
  const mongo = { dbSystemName: "mongodb", dbQueryText: "find reviews" };
  expect(observe(mongo).fix[0]).toContain('explain("executionStats")');
});

test("slow-query: only the slow runs are in question", () => {
  const [observation] = slowQuery.detect(
    page([reviews, 0, 20], [reviews, 20, 180]),
    slowQuery.meta.defaults,
  );
  expect(observation!.spans).toEqual([2]);
  expect(observation!.changes).toEqual([{ kind: "speed-up", spans: [2] }]);
});

/** `ms` of each run, each in a trace of its own, by its parameters. */
const isPassing = (runs: readonly (readonly [paramsHash: string, ms: number])[]) =>
  slowQuery.isPassing!(
    runs.map(([paramsHash, ms]) => one({ paramsHash }, 10 + ms)),
    "1001",
    slowQuery.meta.defaults,
  );

test("slow-query: the very same query is usually fast: something else held it up", () => {
  const same = [13, 18, 40, 41, 164, 184, 49].map((ms) => ["7", ms] as const);
  expect(isPassing(same)).toBe(true);
});

test("slow-query: what is slow with other parameters, or half of the time, is slow", () => {
  const guests = [150, 160].map((ms, i) => [`${8 + i}`, ms] as const);
  const fast = Array.from({ length: 12 }, () => ["7", 5] as const);
  expect(isPassing([...fast, ...guests])).toBe(false);
  expect(isPassing([5, 5, 5, 150, 150, 150].map((ms) => ["7", ms] as const))).toBe(false);
});

test("slow-query: of few runs, or with unknown parameters, nobody can say that it is usually fast", () => {
  expect(isPassing([5, 5, 5, 150].map((ms) => ["7", ms] as const))).toBe(false);
  expect(isPassing([5, 5, 5, 5, 5, 150].map((ms) => ["0", ms] as const))).toBe(false);
  expect(isPassing([5, 5, 5, 5, 5].map((ms) => ["7", ms] as const))).toBe(false);
});

const firstS = 1_795_305_600;
/** Medians of one hour after the other, in milliseconds. */
const history = (
  medians: readonly number[],
  fields: (hour: number) => Partial<HourOfCalls> = () => ({}),
) =>
  medians.map((ms, hour) => ({
    hourS: firstS + 3600 * hour,
    calls: 50,
    p50Ns: ms * 1e6,
    rows: 3,
    serviceVersions: ["1.0.0"],
    ...fields(hour),
  }));
const steps = [...Array(30).fill(12), ...Array(6).fill(160)] as number[];
const others = [history(steps.map(() => 5))];

test("slow-query: a query that became slower says since when, and what to look at", () => {
  const told = slowQuery.tellPast!({ hours: history(steps), others })!;
  expect(told.clause).toBe(
    "it takes 13 times as long as before 2026-11-23 06:00 UTC (160 ms, then 12 ms)",
  );
  expect(told.fix).toEqual([expect.stringContaining("without a new version")]);
});

test("slow-query: with a new version, or more rows, that is what to look at", () => {
  const deployed = history(steps, (hour) => ({ serviceVersions: [hour < 30 ? "1.0.0" : "1.1.0"] }));
  expect(slowQuery.tellPast!({ hours: deployed, others })!.fix[0]).toContain("with version 1.1.0");
  const grown = history(steps, (hour) => ({ rows: hour < 30 ? 3 : 900 }));
  expect(slowQuery.tellPast!({ hours: grown, others })!.fix[0]).toContain(
    "about 900 rows where it returned 3",
  );
});

test("slow-query: where less is known it only seems so, and a query that was always slow is told as it is", () => {
  expect(slowQuery.tellPast!({ hours: history(steps), others: [] })!.clause).toContain("seems to");
  expect(slowQuery.tellPast!({ hours: history(steps.map(() => 160)), others })).toBeNull();
  expect(slowQuery.tellPast!({ hours: [], others: [] })).toBeNull();
});

test("slow-query: a loop whose repeats are one long span is no slow run", () => {
  const summary = { repeats: 50, repeatDurationSumNs: 150e6, repeatDurationUnionNs: 150e6 };
  expect(slowQuery.detect(one(summary), slowQuery.meta.defaults)).toEqual([]);
});
