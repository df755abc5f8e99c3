import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { transactionAcrossCall } from "./transaction-across-call.ts";

const statement = (text: string, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...query,
  name: text,
  dbQueryText: text,
  dbQuerySummary: text.replace(/^\w+/, (word) => word.toUpperCase()),
  shapeId: `9${text.length}`,
  ...fields,
});
const payments: SpanFields = {
  name: "POST",
  kind: spanKind.client,
  httpRequestMethod: "POST",
  serverAddress: "payments",
  urlTemplate: "/payments",
  shapeId: "3001",
};
const page = (...children: SpanNode[]) => buildTrace(["POST /checkout", 0, 400, ...children]);
/** From 0 to 300 ms; an update at 10 and one at 280 ms. */
const transaction = (
  inside: readonly SpanNode[] = [],
  fields: Partial<SpanFields> = {},
): SpanNode[] => [
  [statement("begin", fields), 0, 1],
  [statement("update stock", fields), 10, 12],
  ...inside,
  [statement("update orders", fields), 280, 282],
  [statement("commit", fields), 300, 305],
];
const busy = Array.from(
  { length: 14 },
  (_, i): SpanNode => [statement(`update item${i}`), 14 + i * 19, 32 + i * 19],
);
const marked = { transactionId: "17" };

testDetector(transactionAcrossCall, {
  quiet: {
    "others take part in it, and are asked while it is open": [
      page(
        ...transaction([
          [payments, 20, 250],
          [statement("prepare transaction 'a'"), 255, 260],
        ]).with(-1, [statement("commit prepared 'a'"), 300, 305]),
      ),
      "two-phase",
    ],
    "the call is made before the transaction begins": page(
      [payments, 0, 200],
      [statement("begin"), 200, 201],
      [statement("update stock"), 201, 210],
      [statement("commit"), 210, 211],
    ),
    "and after it is committed": page(
      [statement("begin"), 0, 1],
      [statement("commit"), 10, 12],
      [payments, 20, 200],
    ),
    "a call without any transaction": page([statement("update stock"), 0, 5], [payments, 5, 200]),
    "a call of less than 10 ms": page(...transaction([...busy, [payments, 20, 29]])),
    "a transaction that is busy all along": page(...transaction(busy)),
    "pauses of less than 100 ms": page(
      [statement("begin"), 0, 1],
      [statement("update stock"), 90, 100],
      [statement("commit"), 190, 191],
    ),
    "another service that is asked has a transaction of its own": page([
      payments,
      0,
      300,
      [
        { name: "POST /payments", kind: spanKind.server, service: "payments" },
        5,
        290,
        [payments, 10, 200],
        [statement("begin"), 210, 211],
        [statement("commit"), 240, 241],
      ],
    ]),
    "the database itself speaks HTTP": page(
      ...[statement("begin"), statement("update stock"), statement("commit")].map(
        (call, i): SpanNode => [call, i * 90, i * 90 + 85, [payments, i * 90, i * 90 + 84]],
      ),
    ),
    "statements of the transaction run beside the call": [
      page(...transaction([...busy, [payments, 20, 250]])),
      "call-beside",
    ],
    "no end is seen: who knows how long it was open": [
      page(...transaction([[payments, 20, 250]]).slice(0, -1)),
      "no-end",
    ],
    "two at once, of which nobody knows whose statement is whose": [
      page(
        [statement("begin"), 0, 1],
        ...transaction([[payments, 20, 250]]).map(
          ([what, start, end]): SpanNode => [what, start + 2, end + 2],
        ),
      ),
      "overlapping-transactions",
    ],
    "the pause is a blocked event loop": [
      page(...transaction([[{ name: "event loop blocked" }, 11, 279]])),
      "event-loop-block",
    ],
    "a health check": [
      buildTrace(["GET /healthz", 0, 400, ...transaction([[payments, 20, 250]])]),
      "health-check",
    ],
    "a job of minutes": [
      buildTrace(["nightly", 0, 90_000, ...transaction([[payments, 20, 250]])]),
      "long-lived",
    ],
  },
  finds: {
    "a payment is waited for": [
      page(...transaction([[payments, 20, 250]])),
      "POST /checkout holds a transaction open for 299 ms, 230 ms of it waiting for POST /payments",
      "medium",
    ],
    "as the agent knows, which marks the statements": [
      page(...transaction([[payments, 20, 250]], marked)),
      "POST /checkout holds a transaction open for 299 ms, 230 ms of it waiting for POST /payments",
      "high",
    ],
    "in a function below": [
      page(...transaction([["pay", 15, 260, [payments, 20, 250]]])),
      "POST /checkout holds a transaction open for 299 ms, 230 ms of it waiting for POST /payments",
    ],
    "two calls": [
      page(
        ...transaction([
          [payments, 20, 120],
          [{ ...payments, shapeId: "3002", urlTemplate: "/mails" }, 130, 250],
        ]),
      ),
      "POST /checkout holds a transaction open for 299 ms, 220 ms of it waiting for POST /payments and 1 more",
    ],
    "START TRANSACTION and ROLLBACK": [
      page(
        [statement("start transaction"), 0, 1],
        [payments, 20, 250],
        [statement("rollback"), 300, 301],
      ),
      "POST /checkout holds a transaction open for 299 ms, 230 ms of it waiting for POST /payments",
    ],
    "a savepoint's rollback ends nothing": [
      page(
        [statement("begin"), 0, 1],
        [statement("rollback to savepoint $1"), 10, 11],
        [payments, 20, 250],
        [statement("commit"), 300, 301],
      ),
      "POST /checkout holds a transaction open for 299 ms, 230 ms of it waiting for POST /payments",
    ],
    "an ORM's span holds the transaction": [
      page([
        { name: "prisma:client:transaction", scopeName: "prisma" },
        0,
        300,
        [statement("update stock"), 5, 9],
        [payments, 20, 250],
      ]),
      "POST /checkout holds a transaction open for 295 ms, 230 ms of it waiting for POST /payments",
    ],
    "two transactions at once, marked by the agent": [
      page(
        ...transaction([[payments, 20, 250]], marked),
        [statement("begin", { transactionId: "18" }), 5, 6],
        [statement("commit", { transactionId: "18" }), 8, 9],
      ),
      "POST /checkout holds a transaction open for 299 ms, 230 ms of it waiting for POST /payments",
    ],
    "nothing is asked of the database for long": [
      page(...transaction()),
      "POST /checkout holds a transaction open for 268 ms without a statement, after UPDATE stock",
      "medium",
    ],
  },
});

test("transaction-across-call: the calls are in question; this request itself gains nothing", () => {
  const trace = page(...transaction([[payments, 20, 250]]));
  const [observation] = transactionAcrossCall.detect(trace, transactionAcrossCall.meta.defaults);
  expect(observation!.spans.map((span) => trace.name[span])).toEqual(["POST"]);
  expect(observation!.changes).toEqual([]);
  expect(observation!.identity).toEqual([
    "shop",
    "test",
    "POST",
    "/checkout",
    "POST /checkout",
    "3001",
  ]);
});
