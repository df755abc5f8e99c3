import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inParallel,
  inSequence,
  perNamespace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind, statusError } from "../model/trace-view.ts";
import { nPlusOne } from "./n-plus-one.ts";

const statement = (dbQueryText: string, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...query,
  dbQuerySummary: "",
  dbQueryText,
  ...fields,
});
const orders = {
  ...query,
  shapeId: "1002",
  dbQuerySummary: "SELECT orders",
  dbQueryText: "select * from orders",
};
const unknown = { ...query, paramsHash: "0" };
const same = { ...query, paramsHash: "7" };
const loop = (call: SpanFields, count = 9): SpanNode[] => inSequence(call, count, 10);
const orderPage = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 200, ...children]);
const failing = { ...same, statusCode: statusError };
const message = { name: "process order", kind: spanKind.consumer };
const job = { name: "nightly-report" };
const list = "select * from users where id in ($1)";
const mongo = {
  ...query,
  dbSystemName: "mongodb",
  dbQuerySummary: "find users",
  dbQueryText: '{"find":"users","filter":{"_id":"?"}}',
};

testDetector(nPlusOne, {
  quiet: {
    "four repeats": orderPage(...inSequence(query, 4, 20)),
    "no queries at all": orderPage(["render", 0, 9]),
    "nine different queries": orderPage(
      ...Array.from(
        { length: 9 },
        (_, i): SpanNode => [{ ...query, shapeId: `${i + 1}` }, i, i + 1],
      ),
    ),
    "four repeats in each of two functions": orderPage(
      ["a", 0, 40, ...inSequence(query, 4, 10)],
      ["b", 40, 80, ...inSequence(query, 4, 10, { fromMs: 40 })],
    ),
    "one query per message of a batch": buildTrace([
      "worker",
      0,
      100,
      ...Array.from({ length: 9 }, (_, i): SpanNode => [message, i, i + 1, [query, i, i + 0.5]]),
    ]),
    "nine checkouts from a pool": orderPage(
      ...loop({ name: "pg-pool.connect", dbSystemName: "postgresql" }),
    ),
    "an ORM's span over each of four driver spans": orderPage(
      ...inSequence(query, 4, 10).map((call): SpanNode => [query, call[1], call[2], call]),
    ),
    "one query per tenant database": [
      orderPage(...perNamespace(query, 9, 20)),
      "different-namespaces",
    ],
    "two queries per tenant database": [
      orderPage(...perNamespace(query, 9, 9), ...perNamespace(query, 9, 9, { fromMs: 90 })),
      "different-namespaces",
    ],
    "one IN list per thousand rows": [
      orderPage(...loop(statement(list, { returnedRows: 1000 }))),
      "batched-lists",
    ],
    "one array per thousand rows": [
      orderPage(
        ...loop(statement("select * from users where id = any($1)", { returnedRows: 1000 })),
      ),
      "batched-lists",
    ],
    "a list of unknown length": [
      orderPage(...loop(statement(list, { returnedRows: -1 }))),
      "batched-lists",
    ],
    "keys of Redis that are asked for at once": [
      orderPage(
        ...inParallel({ ...query, dbSystemName: "redis", dbQueryText: "GET seat:*" }, 9, 10),
      ),
      "pipeline",
    ],
    "lists of keys of Redis, one after the other": [
      orderPage(
        ...loop({ ...unknown, dbSystemName: "redis", dbQueryText: "MGET *", returnedRows: -1 }),
      ),
      "batched-lists",
    ],
    "a cursor that is read page by page": [
      orderPage(...loop(statement("fetch 100 from orders_cursor"))),
      "cursor",
    ],
    "a MongoDB cursor": [
      orderPage(...loop({ ...mongo, dbQueryText: '{"getMore":"?"}' })),
      "cursor",
    ],
    "the same query until it no longer fails": [
      orderPage(...loop(failing, 8), [same, 80, 90]),
      "retry",
    ],
    "failing with parameters unknown": [
      orderPage(...loop({ ...unknown, statusCode: statusError })),
      "retry",
    ],
    "the same query with the same parameters": [orderPage(...loop(same)), "same-parameters"],
    "a query that has no parameters": [
      orderPage(...loop(statement("select * from settings", { paramsHash: "0" }))),
      "same-parameters",
    ],
    "read again after most changes of the table, parameters unknown": [
      orderPage(
        ...inSequence(unknown, 6, 10, { gapMs: 10 }),
        ...inSequence(statement("update users set seen = $1", { shapeId: "1003" }), 4, 10, {
          gapMs: 10,
          fromMs: 10,
        }),
      ),
      "written-between",
    ],
    "one transaction after the other": [
      orderPage(...loop(statement("begin"))),
      "transaction-control",
    ],
    savepoints: [orderPage(...loop(statement("savepoint a"))), "transaction-control"],
    "one insert per row": [orderPage(...loop(statement("insert into users values ($1)"))), "write"],
    "one update per row": [
      orderPage(...loop(statement("update users set seen = now() where id = $1"))),
      "write",
    ],
    "a statement that we do not know": [
      orderPage(...loop(statement("vacuum users"))),
      "not-a-read",
    ],
    "a stream that polls": [
      buildTrace(["GET /events", 0, 90_000, ...inSequence(query, 90, 5, { gapMs: 995 })]),
      "long-lived",
    ],
    "most of them when the request is answered": [
      buildTrace(["POST /a", 0, 30, ...inSequence(query, 9, 10)]),
      "after-answer",
    ],
    "a worker that runs for minutes": [
      buildTrace([job, 0, 90_000, ...inSequence(query, 90, 900)]),
      "long-lived",
    ],
    "a health check": [buildTrace(["GET /api/healthz", 0, 200, ...loop(query)]), "health-check"],
  },

  finds: {
    "one query per row": [
      buildTrace(["GET /orders", 0, 100, ...inSequence(query, 5, 20)]),
      "GET /orders runs the same query 5 times: SELECT users",
      "high",
    ],
    "one query per row, all at once": [
      buildTrace(["GET /orders", 0, 40, ...inParallel(query, 9, 20)]),
      "GET /orders runs the same query 9 times at once: SELECT users",
      "high",
    ],
    "one query per row of a list": [
      orderPage([{ ...orders, returnedRows: 9 }, 0, 5], ...inSequence(query, 9, 10, { fromMs: 5 })),
      "GET /orders runs the same query 9 times, one per row of SELECT orders: SELECT users",
      "high",
    ],
    "parameters unknown": [
      orderPage(...loop(unknown)),
      "GET /orders runs the same query 9 times, parameters unknown: SELECT users",
      "low",
    ],
    "parameters unknown, and as many calls as rows": [
      orderPage(
        [{ ...orders, returnedRows: 9 }, 0, 5],
        ...inSequence(unknown, 9, 10, { fromMs: 5 }),
      ),
      "GET /orders runs the same query 9 times, one per row of SELECT orders, parameters unknown: SELECT users",
      "medium",
    ],
    "keys of Redis without a name in front, parameters unknown": [
      orderPage(...loop({ ...unknown, dbSystemName: "redis", dbQueryText: "HGETALL *" })),
      "GET /orders runs the same query 9 times, parameters unknown: SELECT users",
      "low",
    ],
    "rows that share some of their users": [
      orderPage(...inSequence(query, 5, 10), ...inSequence(same, 5, 10, { fromMs: 50 })),
      "GET /orders runs the same query 10 times, 6 with different parameters: SELECT users",
      "medium",
    ],
    "with a checkout, other queries and functions between": [
      orderPage(
        ...inSequence(query, 9, 10, { gapMs: 5 }).flatMap((call, i): SpanNode[] => [
          [{ name: "pg-pool.connect", dbSystemName: "postgresql" }, call[1], call[1] + 1],
          call,
          [{ ...orders, shapeId: `${2000 + i}` }, call[2], call[2] + 1],
        ]),
      ),
      "GET /orders runs the same query 9 times: SELECT users",
    ],
    "one resolver per row": [
      orderPage(
        ...loop(query).map(
          (call): SpanNode => [
            {
              name: "graphql.resolve order.user",
              scopeName: "@opentelemetry/instrumentation-graphql",
            },
            call[1],
            call[2],
            call,
          ],
        ),
      ),
      "GET /orders runs the same query 9 times: SELECT users",
    ],
    "an IN list of one, as ORMs write it": [
      orderPage(...loop(statement(list, { returnedRows: 1, dbQuerySummary: "SELECT users" }))),
      "GET /orders runs the same query 9 times: SELECT users",
    ],
    "many rows for each row, by one key": [
      orderPage(...loop({ ...query, returnedRows: 40 })),
      "GET /orders runs the same query 9 times: SELECT users",
    ],
    "six rows in each of two tenants": [
      orderPage(
        ...inSequence({ ...query, dbNamespace: "a" }, 6, 10),
        ...inSequence({ ...query, dbNamespace: "b" }, 6, 10, { fromMs: 60 }),
      ),
      "GET /orders runs the same query 12 times, 6 with different parameters: SELECT users",
    ],
    "a request that takes more than a minute because of it": [
      buildTrace(["GET /export", 0, 90_000, ...inSequence(query, 900, 99)]),
      "GET /export runs the same query 900 times: SELECT users",
    ],
    "calls that the agent summed up": [
      orderPage(...inSequence(query, 3, 1), [
        {
          ...query,
          repeats: 4997,
          repeatDurationSumNs: 9e7,
          repeatDurationUnionNs: 9e7,
          repeatDistinctParams: 4997,
        },
        3,
        150,
      ]),
      "GET /orders runs the same query 5000 times: SELECT users",
    ],
    MongoDB: [orderPage(...loop(mongo)), "GET /orders runs the same query 9 times: find users"],
    "a message that loads its rows one by one": [
      buildTrace(["worker", 0, 100, [message, 0, 90, ...loop(query)]]),
      "process order runs the same query 9 times: SELECT users",
    ],
  },
});

const observe = (...children: SpanNode[]) =>
  nPlusOne.detect(orderPage(...children), nPlusOne.meta.defaults)[0]!;

test("n-plus-one: the same fix has one identity, whatever the count, the time and the way of waiting", () => {
  const { identity } = observe(...loop(query));
  expect(identity).toEqual(["shop", "test", "GET", "/orders", "GET /orders", "1001"]);
  expect(observe(...inParallel(query, 20, 10)).identity).toEqual(identity);
  expect(observe(...loop(unknown)).identity).toEqual(identity);
  expect(observe(["load", 0, 100, ...loop(query)]).identity).not.toEqual(identity);
});

test("n-plus-one: the fix names column, list and driver", () => {
  const [gather, join] = observe(
    [{ ...orders, returnedRows: 9 }, 0, 5],
    ...inSequence(query, 9, 10, { fromMs: 5 }),
  ).fix;
  expect(gather).toContain("run SELECT users once, with id = ANY($1) instead of id = $1;");
  expect(join).toContain("join users into SELECT orders");
  const mysql = statement("select * from `users` where `id` = ?", { dbSystemName: "mysql" });
  expect(observe(...loop(mysql)).fix[0]).toContain("with `id` IN (…) instead of `id` = ?;");
  expect(observe(...loop(mongo)).fix[0]).toContain("$in");
});

test("n-plus-one: the change merges the calls, and the endpoint is the server span", () => {
  const { changes, spans, endpointSpan } = observe(...loop(query));
  expect(changes).toEqual([{ kind: "merge-calls", spans }]);
  expect([endpointSpan, spans.length]).toEqual([0, 9]);
});
