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
import { spanKind, statusError } from "../model/trace-view.ts";
import { nPlusOne } from "./n-plus-one.ts";

const orders = { ...query, shapeId: "1002", dbQuerySummary: "SELECT orders" };
const loop = (call: SpanFields, count = 9): SpanNode[] => inSequence(call, count, 10);
const orderPage = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 200, ...children]);
/** As any OpenTelemetry SDK reports it; our agent adds the hash of path and query. */
const httpCall = (method: string, urlTemplate: string, fields: Partial<SpanFields> = {}) => ({
  name: method,
  kind: spanKind.client,
  httpRequestMethod: method,
  serverAddress: "catalog.internal",
  urlTemplate,
  shapeId: "3001",
  ...fields,
});
const getProduct = httpCall("GET", "/products/{id}");
const getUnknown = httpCall("GET", "/products/{id}", { paramsHash: "0" });
const send: SpanFields = {
  name: "send orders",
  kind: spanKind.producer,
  messagingDestinationName: "orders",
  shapeId: "5001",
  paramsHash: "0",
};
const rpc = (name: string): SpanFields => ({
  name,
  kind: spanKind.client,
  shapeId: "4001",
  paramsHash: "0",
});
/** The catalog's side of a call: one query. */
const answered = (call: SpanNode): SpanNode => [
  call[0],
  call[1],
  call[2],
  [
    {
      name: "GET /products/:id",
      kind: spanKind.server,
      service: "shop-catalog",
      httpRequestMethod: "GET",
      httpRoute: "/products/:id",
    },
    call[1] + 1,
    call[2] - 1,
    [query, call[1] + 2, call[2] - 2],
  ],
];

testDetector(nPlusOne, {
  quiet: {
    "nine calls of a service that does not say what it is asked": orderPage(
      ...loop({ ...getProduct, shapeId: "0" }),
    ),
    "the same path of nine hosts": orderPage(
      ...loop(getProduct).map(
        ([call, start, end], i): SpanNode => [
          { ...(call as SpanFields), shapeId: `${3000 + i}` },
          start,
          end,
        ],
      ),
    ),
    "four HTTP calls, each answered with two queries": orderPage(
      ...inSequence(getProduct, 4, 20).map((call): SpanNode => {
        const [what, start, end, server] = answered(call);
        return [what, start, end, server!, server!];
      }),
    ),
    "one HTTP write per row": [orderPage(...loop(httpCall("POST", "/products"))), "write"],
    "one HTTP call of another method per row": [
      orderPage(...loop(httpCall("OPTIONS", "/products/{id}"))),
      "not-a-read",
    ],
    "a service that is asked until it no longer fails": [
      orderPage(...loop({ ...getUnknown, statusCode: statusError }, 8), [getUnknown, 80, 90]),
      "retry",
    ],
    "a service that is asked every 200 ms whether it is done": [
      buildTrace(["GET /export", 0, 3000, ...inSequence(getUnknown, 9, 10, { gapMs: 200 })]),
      "polling",
    ],
    "a service's health": [
      orderPage(...loop(httpCall("GET", "/internal/healthz"))),
      "health-check",
    ],
    "the same HTTP call with the same query": [
      orderPage(...loop({ ...getProduct, paramsHash: "7" })),
      "same-parameters",
    ],
    "page after page": [orderPage(...loop(httpCall("GET", "/products"))), "pagination"],
    "page after page, named in the query": [
      orderPage(...loop(httpCall("GET", "/products?nextToken&q"))),
      "pagination",
    ],
    "page after page, numbered in the path": [
      orderPage(...loop(httpCall("GET", "/products/page/{id}"))),
      "pagination",
    ],
    "HTTP calls that differ at most in a query that is unknown": [
      orderPage(...inParallel(httpCall("GET", "/products", { paramsHash: "0" }), 9, 10)),
      "pagination",
    ],
    "one RPC that writes per row": [orderPage(...loop(rpc("catalog.Products/AddView"))), "write"],
    "RPCs for lists": [
      orderPage(...loop(rpc("catalog.Products/BatchGetProducts"))),
      "batched-lists",
    ],
    "messages that are all sent at once": [orderPage(...inParallel(send, 9, 10)), "pipeline"],
    "messages that nobody waits for": [orderPage(...inSequence(send, 9, 0.05)), "pipeline"],
    "messages that are sent until one is taken": [
      orderPage(...loop({ ...send, statusCode: statusError })),
      "retry",
    ],
    "an outbox: each is noted before the next is sent": [
      orderPage(
        ...inSequence(send, 9, 10, { gapMs: 10 }),
        ...Array.from({ length: 9 }, (_, i): SpanNode => {
          const note = { ...orders, dbQueryText: "update a set b = $1", shapeId: `${6_000 + i}` };
          return [note, 20 * i + 11, 20 * i + 16];
        }),
      ),
      "written-between",
    ],
    "messages that are asked for": [
      orderPage(
        ...loop({
          name: "receive orders",
          kind: spanKind.client,
          messagingDestinationName: "orders",
          shapeId: "5001",
        }),
      ),
      "not-a-read",
    ],
  },

  finds: {
    "one HTTP call per row that names the row in its query, in sequence": [
      orderPage(...loop(httpCall("GET", "/price?country&id"))),
      "GET /orders makes the same call 9 times: GET /price?country&id",
      "medium",
    ],
    "one HTTP call per row, one after the other": [
      orderPage(...loop(getProduct)),
      "GET /orders makes the same call 9 times: GET /products/{id}",
      "medium",
    ],
    "one HTTP call per row, all at once": [
      orderPage(...inParallel(getProduct, 9, 10)),
      "GET /orders makes the same call 9 times at once: GET /products/{id}",
      "high",
    ],
    "one HTTP call per row of a query": [
      orderPage(
        [{ ...orders, returnedRows: 9 }, 0, 5],
        ...inSequence(getProduct, 9, 10, { fromMs: 5 }),
      ),
      "GET /orders makes the same call 9 times, one per row of SELECT orders: GET /products/{id}",
      "high",
    ],
    "one HTTP call per row, parameters unknown": [
      orderPage(...loop(getUnknown)),
      "GET /orders makes the same call 9 times, parameters unknown: GET /products/{id}",
      "low",
    ],
    "one HTTP call per row of a query, parameters unknown": [
      orderPage(
        [{ ...orders, returnedRows: 9 }, 0, 5],
        ...inSequence(getUnknown, 9, 10, { fromMs: 5 }),
      ),
      "GET /orders makes the same call 9 times, one per row of SELECT orders, parameters unknown: GET /products/{id}",
      "medium",
    ],
    "one HTTP call per row that names the row in its query, all at once": [
      orderPage(...inParallel(httpCall("GET", "/products"), 9, 10)),
      "GET /orders makes the same call 9 times at once: GET /products",
      "high",
    ],
    "one message per row, each awaited": [
      orderPage(...loop(send)),
      "GET /orders sends a message 9 times: send orders",
      "low",
    ],
    "one message per row of a query": [
      orderPage([{ ...orders, returnedRows: 9 }, 0, 5], ...inSequence(send, 9, 10, { fromMs: 6 })),
      "GET /orders sends a message 9 times, one per row of SELECT orders: send orders",
      "medium",
    ],
    "the loop of the caller, not the single queries of the callee": [
      orderPage(...loop(getProduct).map(answered)),
      "GET /orders makes the same call 9 times: GET /products/{id}",
    ],
    "calls with equal pauses, each for another row": [
      buildTrace(["GET /orders", 0, 3000, ...inSequence(getProduct, 9, 10, { gapMs: 200 })]),
      "GET /orders makes the same call 9 times: GET /products/{id}",
    ],
    "a database that speaks HTTP, as one N+1": [
      orderPage(
        ...loop(query).map(
          (call): SpanNode => [
            call[0],
            call[1],
            call[2],
            [{ ...httpCall("GET", "/users/_search") }, call[1], call[2]],
          ],
        ),
      ),
      "GET /orders runs the same query 9 times: SELECT users",
    ],
    "one RPC per row": [
      orderPage(...loop(rpc("catalog.Products/GetProduct"))),
      "GET /orders makes the same call 9 times, parameters unknown: catalog.Products/GetProduct",
      "low",
    ],
  },
});

const observe = (...children: SpanNode[]) =>
  nPlusOne.detect(orderPage(...children), nPlusOne.meta.defaults)[0]!;

test("n-plus-one: the fix of HTTP calls names the service and the call that asks for all at once", () => {
  const [gather, ...others] = observe(...loop(getProduct).map(answered)).fix;
  expect(gather).toContain("ask shop-catalog once for all of them, such as GET /products?ids=…;");
  expect(others.at(-1)).toMatch(/^Only until then: make a few calls at a time/);
  const atOnce = observe(...inParallel(httpCall("GET", "/users/{id}/name"), 9, 10)).fix;
  expect(atOnce[0]).toContain("ask catalog.internal once for all of them; then");
  expect(atOnce.join()).not.toContain("Only until then");
});
