import fc from "fast-check";
import { expect, test } from "vitest";
import { pickSpans } from "../../test/support/arbitrary-trace.ts";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildColumns,
  buildTrace,
  inParallel,
  inSequence,
  perNamespace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind, statusError, toTraceView } from "../model/trace-view.ts";
import { duplicateCall } from "./duplicate-call.ts";
import { nPlusOne } from "./n-plus-one.ts";

const same = { ...query, paramsHash: "7" };
const statement = (dbQueryText: string, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...same,
  shapeId: "1002",
  dbQuerySummary: "",
  dbQueryText,
  ...fields,
});
const thrice = (call: SpanFields = same): SpanNode[] => inSequence(call, 3, 10, { gapMs: 10 });
const orderPage = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 200, ...children]);
/** Three equal calls from 0 to 50, with something from 12 to 18. */
const around = (what: SpanFields) => orderPage(...thrice(), [what, 12, 18]);
const update = (table: string) =>
  statement(`update ${table} set seen = $1`, { dbQuerySummary: `UPDATE ${table}` });
const failing = { ...same, statusCode: statusError };
const http = (httpRequestMethod: string) => ({
  name: httpRequestMethod,
  kind: spanKind.client,
  httpRequestMethod,
});
const get: SpanFields = {
  ...http("GET"),
  urlTemplate: "/rates",
  serverAddress: "rates",
  shapeId: "3001",
  paramsHash: "7",
};
const found = "GET /orders runs the same query with the same parameters 3 times: SELECT users";

testDetector(duplicateCall, {
  quiet: {
    "two repeats": orderPage(...inSequence(same, 2, 20)),
    "no queries at all": orderPage(["render", 0, 9]),
    "different parameters": orderPage(...inSequence(query, 9, 20)),
    "the same path, with another query each time": orderPage(
      ...[1, 2, 3].map((i): SpanNode => [{ ...get, paramsHash: `${i}` }, 10 * i, 10 * i + 9]),
    ),
    "a request to the same host that changes something in between": [
      orderPage(...thrice(get), [{ ...get, httpRequestMethod: "POST", shapeId: "9" }, 12, 18]),
      "written-between",
    ],
    "a service that is asked every 120 ms whether it is done": [
      buildTrace(["GET /export", 0, 900, ...inSequence(get, 4, 40, { gapMs: 120 })]),
      "polling",
    ],
    "parameters unknown": orderPage(...thrice({ ...same, paramsHash: "0" })),
    "once per message": buildTrace([
      "worker",
      0,
      100,
      ...[0, 30, 60].map(
        (at): SpanNode => [
          { name: "process order", kind: spanKind.consumer },
          at,
          at + 20,
          [same, at, at + 5],
        ],
      ),
    ]),
    "once per request of a trace": buildTrace([
      "client",
      0,
      100,
      ...[0, 30, 60].map((at): SpanNode => ["GET /orders", at, at + 20, [same, at, at + 5]]),
    ]),
    "a write to the table in between": [around(update("users")), "written-between"],
    "a lock on the table in between": [
      around(statement("select a from users for update", { dbQuerySummary: "SELECT users" })),
      "written-between",
    ],
    "a write of another service in between": [
      orderPage(...thrice(), [
        "POST /seen",
        11,
        19,
        [{ ...update("users"), service: "b" }, 12, 18],
      ]),
      "written-between",
    ],
    "a write that ends in between": [
      orderPage([update("users"), 0, 15], ...inSequence(same, 3, 10, { fromMs: 10 })),
      "written-between",
    ],
    "a transaction each": [around(statement("begin")), "transaction-control"],
    "a tenant's settings in between": [
      around(statement("set search_path to tenant_2")),
      "different-namespaces",
    ],
    "commits themselves": [orderPage(...thrice(statement("commit"))), "transaction-control"],
    "until it no longer fails": [orderPage(...inSequence(failing, 2, 10), [same, 30, 40]), "retry"],
    "failing each time": [orderPage(...thrice(failing)), "retry"],
    "one query per tenant database": [
      orderPage(...perNamespace(same, 9, 9)),
      "different-namespaces",
    ],
    "a job's state, until it is done": [
      buildTrace(["GET /jobs/:id", 0, 4000, ...inSequence(same, 5, 5, { gapMs: 500 })]),
      "polling",
    ],
    "a stream that polls": [
      buildTrace(["GET /events", 0, 90_000, ...inSequence(same, 90, 5, { gapMs: 995 })]),
      "long-lived",
    ],
    "most of them when the request is answered": [
      buildTrace(["POST /a", 0, 30, ...inSequence(same, 9, 10)]),
      "after-answer",
    ],
    "a worker that runs for minutes": [
      buildTrace(["nightly-report", 0, 90_000, ...inSequence(same, 90, 900)]),
      "long-lived",
    ],
    "a health check": [buildTrace(["GET /healthz", 0, 200, ...thrice()]), "health-check"],
    "a pool that tries its connections": [
      orderPage(...thrice(statement("select $1"))),
      "health-check",
    ],
    "a cursor that is read page by page": [
      orderPage(...thrice(statement("fetch 100 from orders_cursor"))),
      "cursor",
    ],
    "rows that are locked": [
      orderPage(...thrice(statement("select a from users where id = $1 for no key update"))),
      "not-repeatable",
    ],
    "a function that we do not know": [
      orderPage(...thrice(statement("select charge($1)"))),
      "not-repeatable",
    ],
    "a counter that is raised": [
      orderPage(...thrice(statement("update users set n = n + $1"))),
      "write",
    ],
    "a statement that we do not know": [
      orderPage(...thrice(statement("vacuum users"))),
      "not-a-read",
    ],
    "a row of an N+1 that comes thrice": [
      orderPage(...inSequence(query, 20, 5), ...inSequence(same, 3, 5, { fromMs: 100 })),
      "n-plus-one",
    ],
  },

  finds: {
    "the same request to a service": [
      orderPage(...thrice(get)),
      "GET /orders makes the same call with the same parameters 3 times: GET /rates",
      "medium",
    ],
    "three equal calls": [orderPage(...thrice()), found, "high"],
    "all at once": [
      orderPage(...inParallel(same, 5, 20)),
      "GET /orders runs the same query with the same parameters 5 times at once: SELECT users",
      "high",
    ],
    "from three functions": [
      orderPage(
        ...[0, 30, 60].map((at): SpanNode => [`step ${at}`, at, at + 20, [same, at, at + 10]]),
      ),
      found,
      "high",
    ],
    "a query that has no parameters": [
      orderPage(...thrice(statement("select * from settings", { paramsHash: "0" }))),
      "GET /orders runs the same query with the same parameters 3 times: select * from settings",
      "high",
    ],
    "a Redis key": [
      orderPage(
        ...thrice(statement("GET rate:*", { dbSystemName: "redis", dbQuerySummary: "GET" })),
      ),
      "GET /orders runs the same query with the same parameters 3 times: GET",
      "high",
    ],
    "calls that the agent summed up": [
      orderPage([{ ...same, repeats: 90, repeatDistinctParams: 1 }, 0, 100]),
      "GET /orders runs the same query with the same parameters 90 times: SELECT users",
    ],
    "beside a write to another table": [around(update("orders")), found, "medium"],
    "before the table is written to": [
      orderPage(...thrice(), [update("users"), 60, 70]),
      found,
      "medium",
    ],
    "beside a POST to another service": [around(http("POST")), found, "medium"],
    "beside a GET": [around(http("GET")), found, "high"],
    "three that succeed and one that fails": [
      orderPage(...thrice(), [failing, 60, 70]),
      found.replace("3", "4"),
    ],
    "slow work between the calls": [
      buildTrace([
        "GET /orders",
        0,
        900,
        ...inSequence(same, 3, 10, { gapMs: 200 }),
        ["resize", 10, 200],
        ["resize", 220, 400],
      ]),
      found,
    ],
    "a row of an N+1 that two other functions load, too": [
      orderPage(
        ["list", 0, 90, ...inSequence(query, 8, 5), [same, 80, 85]],
        ["a", 90, 100, [same, 90, 95]],
        ["b", 100, 110, [same, 100, 105]],
      ),
      found,
    ],
  },
});

const observe = (...children: SpanNode[]) =>
  duplicateCall.detect(orderPage(...children), duplicateCall.meta.defaults);

test("duplicate-call: an identity for the same fix, whatever the function, the count and the parameters", () => {
  const [{ identity } = { identity: [] }] = observe(...thrice());
  expect(identity).toEqual(["shop", "test", "GET", "/orders", "1001"]);
  const other = observe(["load", 0, 99, ...inSequence({ ...same, paramsHash: "8" }, 5, 9)]);
  expect(other.map((observation) => observation.identity)).toEqual([identity]);
});

test("duplicate-call: the change keeps the first call, and each set of parameters is one observation", () => {
  const [first, second] = observe(...thrice(), ...thrice({ ...same, paramsHash: "8" }));
  expect(first!.changes).toEqual([{ kind: "drop-repeats", spans: first!.spans }]);
  expect([first!.endpointSpan, first!.repeats, second!.repeats]).toEqual([0, 3, 3]);
  expect(first!.spans).not.toEqual(second!.spans);
});

test("duplicate-call: of a trace with thousands of groups the most repeated ones are looked at", () => {
  const calls = shared(150, 3);
  const observations = observe(...calls, calls[0]!);
  expect(observations).toHaveLength(100);
  expect(observations[0]!.repeats).toBe(4);
});

/** `rows` calls of which each set of parameters is used `times` times. */
const shared = (rows: number, times: number) =>
  Array.from({ length: times }, (_, i) =>
    inSequence(query, rows, 3, { fromMs: i * rows * 3 }),
  ).flat();

test("duplicate-call and n-plus-one: by the share of different parameters one, both, or the other", () => {
  const loudOf = (children: SpanNode[]) =>
    [nPlusOne, duplicateCall].map((detector) =>
      detector
        .detect(orderPage(...children), detector.meta.defaults as never)
        .some(({ suppressedBy }) => suppressedBy === undefined),
    );
  expect(loudOf(shared(20, 1))).toEqual([true, false]);
  expect(loudOf([...shared(20, 1), ...thrice()])).toEqual([true, false]);
  expect(loudOf(shared(4, 3))).toEqual([true, true]);
  expect(loudOf(shared(1, 9))).toEqual([false, true]);
  expect(loudOf(shared(3, 2))).toEqual([true, false]);
});

test("duplicate-call: the order in which spans arrive changes nothing", () => {
  const columns = buildColumns([
    "GET /orders",
    0,
    200,
    ...thrice(),
    ...shared(4, 3),
    [update("orders"), 12, 18],
  ]);
  const all = columns.spanId.map((_, i) => i);
  const expected = duplicateCall.detect(toTraceView("t", columns), duplicateCall.meta.defaults);
  expect(expected).toHaveLength(5);
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (order) => {
      const trace = toTraceView("t", pickSpans(columns, order));
      expect(duplicateCall.detect(trace, duplicateCall.meta.defaults)).toEqual(expected);
    }),
  );
});

test("duplicate-call: a write of the table anywhere between the calls holds it back, and nowhere else", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 190 }), fc.integer({ min: 1, max: 30 }), (at, ms) => {
      const calls = inSequence(same, 3, 10, { fromMs: 60, gapMs: 20 });
      const [observation] = observe(...calls, [update("users"), at, at + ms]);
      const isBetween = at + ms > 60 && at < 120;
      expect(observation!.suppressedBy).toBe(isBetween ? "written-between" : undefined);
    }),
  );
});
