import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { LearnedOrder } from "../facts/learned-order.ts";
import { spanKind, type TraceView } from "../model/trace-view.ts";
import { serialCalls } from "./serial-calls.ts";

/** A query over all rows, which is given nothing; `n` makes it another one. */
const total = (n: number, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...query,
  name: `SELECT t${n}`,
  dbQuerySummary: `SELECT t${n}`,
  dbQueryText: `select sum(a) from t${n} group by b`,
  shapeId: String(5000 + n),
  ...fields,
});
const keyed = (n: number, fields: Partial<SpanFields> = {}) =>
  total(n, { dbQueryText: `select a from t${n} where id = $1`, ...fields });
const get = (path: string, fields: Partial<SpanFields> = {}): SpanFields => ({
  name: "GET",
  kind: spanKind.client,
  httpRequestMethod: "GET",
  serverAddress: "rates",
  urlTemplate: path,
  shapeId: `6${path.length}`,
  ...fields,
});
/** One after the other, each as long, with what is between them. */
const chain = (calls: readonly SpanFields[], eachMs = 60, gapMs = 0, fromMs = 0): SpanNode[] =>
  calls.map((call, i) => [
    call,
    fromMs + i * (eachMs + gapMs),
    fromMs + i * (eachMs + gapMs) + eachMs,
  ]);
const page = (...children: SpanNode[]) => buildTrace(["GET /dashboard", 0, 300, ...children]);
const sql = (text: string) => total(0, { dbQueryText: text, dbQuerySummary: text });
const transaction = (...inside: SpanNode[]) => [
  [sql("begin"), 0, 1] as const,
  ...inside,
  [sql("commit"), 200, 201] as const,
];

testDetector(serialCalls, {
  quiet: {
    "a lock, then what it is for": [
      page([sql("select pg_advisory_lock(7)"), 0, 60], [total(1), 60, 120]),
      "takes-lock",
    ],
    "a function, which may do anything": [
      page([sql("select close_month()"), 0, 60], [total(1), 60, 120]),
      "takes-lock",
    ],
    "a migration": [buildTrace(["migrate", 0, 300, ...chain([total(1), total(2)])]), "schema-work"],
    "two calls at once": page([total(1), 0, 60], [total(2), 5, 65]),
    "calls that are short": page(...chain([total(1), total(2), total(3)], 9)),
    "what is saved is too little to be felt": page(...chain([total(1), total(2)], 49)),
    "what is saved is less than a tenth of the request": buildTrace([
      "GET /export",
      0,
      900,
      ...chain([total(1), total(2)], 80),
    ]),
    "something is done for long between them": page([total(1), 0, 60], [total(2), 125, 185]),
    "the same call again and again: a loop, and another finding": page(
      ...chain([keyed(1), keyed(1), keyed(1), keyed(1)]),
    ),
    "under two functions that were called one after the other": page(
      ["a", 0, 60, [total(1), 0, 60]],
      ["b", 60, 120, [total(2), 60, 120]],
    ),
    "the second is given a value, which may be from the first": [
      page(...chain([total(1), keyed(2)])),
      "may-depend",
    ],
    "a condition that compares a value with a column": [
      page(...chain([total(1), total(2, { dbQueryText: "select a from t2 where ?=? and b = ?" })])),
      "may-depend",
    ],
    "a condition that compares two values that differ": [
      page(...chain([total(1), total(2, { dbQueryText: "select a from t2 where $1 = $2" })])),
      "may-depend",
    ],
    "a text that is cut, or missing, may hold a value": [
      page(
        ...chain([
          total(1),
          total(2, { dbQueryText: "select a from t…" }),
          total(3, { dbQueryText: "" }),
        ]),
      ),
      "may-depend",
    ],
    "an id in the path of the second": [
      page(...chain([get("/rates"), get("/users/{id}")])),
      "may-depend",
    ],
    "a request whose query string is not seen": [
      page(...chain([total(1), get("/products-by-id")])),
      "may-depend",
    ],
    "an RPC, of whose parameters nothing is known": [
      page(...chain([total(1), get("", { name: "Products/Get", shapeId: "77" })])),
      "may-depend",
    ],
    "a write between them": [
      page(...chain([total(1), total(2, { dbQueryText: "insert into t2 select a from t1" })])),
      "write-between",
    ],
    "a POST first": [
      page(...chain([get("/orders", { httpRequestMethod: "POST" }), total(1)])),
      "write-between",
    ],
    "whether the user may do that at all": [
      page(...chain([get("/auth/permissions"), total(1)])),
      "access-check",
    ],
    "a flag that decides": [
      page(...chain([total(1, { dbQuerySummary: "SELECT feature_flags" }), total(2)])),
      "access-check",
    ],
    "a cache that is asked first": [
      page(
        ...chain([
          total(1, { dbSystemName: "redis", dbQueryText: "get *", dbQuerySummary: "GET" }),
          total(2),
        ]),
      ),
      "cache-lookup",
    ],
    "on the one connection of a transaction": [
      page(...transaction([total(1), 10, 70], [total(2), 70, 130])),
      "same-transaction",
    ],
    "beside something that takes longer anyway": [
      page(["render", 0, 299], ...chain([total(1), total(2)])),
      "beside-longer-work",
    ],
    "the event loop was blocked: the answers were there long before": [
      page(...chain([total(1), total(2)]), [{ name: "event loop blocked" }, 0, 110]),
      "event-loop-block",
    ],
    "a health check": [
      buildTrace(["GET /healthz", 0, 300, ...chain([total(1), total(2)])]),
      "health-check",
    ],
    "a job that runs for minutes": [
      buildTrace(["nightly", 0, 500_000, ...chain([total(1), total(2)], 60_000)]),
      "long-lived",
    ],
  },
  finds: {
    "functions that do nothing to others": [
      page(
        [total(1, { dbQueryText: "select pg_column_size(a) from orders" }), 0, 60],
        [total(2, { dbQueryText: "select sum(cents) from pg_sleep(0.03), orders" }), 60, 120],
      ),
      "GET /dashboard waits for 2 calls one after the other, 60 ms more than for the longest alone: SELECT t1, SELECT t2",
    ],
    "beside a loop whose repeats are one long span": [
      page(...chain([total(1), total(2), total(3)]), [
        { ...keyed(9), repeats: 12, repeatDurationUnionNs: 95e6 },
        70,
        170,
      ]),
      "GET /dashboard waits for 3 calls one after the other, 120 ms more than for the longest alone: SELECT t1, SELECT t2, SELECT t3",
    ],
    "two queries that are given nothing": [
      page(...chain([total(1), total(2)])),
      "GET /dashboard waits for 2 calls one after the other, 60 ms more than for the longest alone: SELECT t1, SELECT t2",
      "high",
    ],
    "four of them, with a little work between": [
      page(...chain([total(1), total(2), total(3), total(4)], 50, 5)),
      "GET /dashboard waits for 4 calls one after the other, 150 ms more than for the longest alone: SELECT t1, SELECT t2, SELECT t3, SELECT t4",
    ],
    "how many rows are asked for is no value of another answer": [
      page(...chain([total(1), total(2, { dbQueryText: "select a from t2 order by a limit $1" })])),
      "GET /dashboard waits for 2 calls one after the other, 60 ms more than for the longest alone: SELECT t1, SELECT t2",
      "medium",
    ],
    "a condition that is none, as ORMs write it": [
      page(
        ...chain([
          total(1, { dbQueryText: "select avg(a) from t1 where $0=$0 offset $1" }),
          total(2, { dbQueryText: "select sum(a) from t2 where ? = ? group by b" }),
          total(3, { dbQueryText: "select max(a) from t3 WHERE $2=$2" }),
        ]),
      ),
      "GET /dashboard waits for 3 calls one after the other, 120 ms more than for the longest alone: SELECT t1, SELECT t2, SELECT t3",
      "medium",
    ],
    "what follows the access check": [
      page(...chain([get("/auth/me"), total(1), total(2)])),
      "GET /dashboard waits for 2 calls one after the other, 60 ms more than for the longest alone: SELECT t1, SELECT t2",
    ],
    "each behind a middleware of the framework, and with a pool's checkout": [
      page([
        "middleware - session",
        0,
        200,
        [
          "request handler - /dashboard",
          0,
          190,
          [{ name: "pg-pool.connect", dbSystemName: "postgresql" }, 0, 1],
          ...chain([total(1), total(2)], 60, 0, 1),
        ],
      ]),
      "GET /dashboard waits for 2 calls one after the other, 60 ms more than for the longest alone: SELECT t1, SELECT t2",
    ],
  },
});

const detect = (trace: TraceView, order?: LearnedOrder) =>
  serialCalls.detect(trace, serialCalls.meta.defaults, order);

test("serial-calls: one trace in which the second began first proves that it needs nothing of the first", () => {
  const serial = page(...chain([keyed(1), keyed(2)]));
  const order = new LearnedOrder();
  for (let i = 0; i < 30; i++) order.learn(serial);
  expect(detect(serial, order)[0]!.suppressedBy).toBe("may-depend");
  order.learn(page([keyed(1), 0, 60], [keyed(2), 10, 70]));
  expect(detect(serial, order)[0]).toMatchObject({ confidence: "high" });
  expect(detect(serial, order)[0]!.suppressedBy).toBeUndefined();
});

test("serial-calls: parameters that never change are no value of another answer", () => {
  const trace = (hash: string) => page(...chain([total(1), keyed(2, { paramsHash: hash })]));
  const same = new LearnedOrder();
  for (let i = 0; i < 5; i++) same.learn(trace("7"));
  expect(detect(trace("7"), same)[0]!.suppressedBy).toBeUndefined();
  same.learn(trace("8"));
  expect(detect(trace("7"), same)[0]!.suppressedBy).toBe("may-depend");
});

test("serial-calls: the change starts what lies side by side; the identity is the function's", () => {
  const wrapped = (n: number, fromMs: number): SpanNode => [
    { name: "knex", scopeName: "@opentelemetry/instrumentation-knex" },
    fromMs,
    fromMs + 60,
    [total(n), fromMs + 1, fromMs + 59],
  ];
  const trace = page(wrapped(1, 0), wrapped(2, 60));
  const [observation] = detect(trace);
  expect(observation!.spans.map((span) => trace.name[span])).toEqual(["SELECT t1", "SELECT t2"]);
  expect(observation!.changes[0]!.spans.map((span) => trace.name[span])).toEqual(["knex", "knex"]);
  const [other] = detect(page(...chain([total(1), total(2), total(3)])));
  expect(other!.identity).toEqual(observation!.identity);
  expect(other!.identity).toEqual(["shop", "test", "GET", "/dashboard", "GET /dashboard"]);
});
