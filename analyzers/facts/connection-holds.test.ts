import { expect, test } from "vitest";
import {
  buildTrace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { connectionHolds } from "./connection-holds.ts";

const inTransaction = (text: string): SpanFields => ({
  ...query,
  transactionId: "7",
  shapeId: String(text.length),
  dbQueryText: text,
  dbQuerySummary: text,
});
const payment: SpanFields = {
  name: "POST",
  kind: 3,
  httpRequestMethod: "POST",
  urlTemplate: "/payments",
  shapeId: "66",
};
const holds = (...children: SpanNode[]) =>
  connectionHolds(buildTrace(["POST /checkout", 0, 200, ...children])).map(
    ({ start, end, kind, what, share }) => ({
      from: start / 1e6,
      until: end / 1e6,
      kind,
      what,
      share,
    }),
  );

test("a query holds a connection for as long as it runs, and none while it waits for one", () => {
  const waiting = { ...query, poolWaitNs: 30e6 };
  expect(holds([waiting, 10, 90])).toEqual([
    { from: 40, until: 90, kind: "query", what: "SELECT users", share: 1 },
  ]);
});

test("a transaction holds one from its begin to its end, also while it waits for another service", () => {
  const statements: SpanNode[] = [
    [inTransaction("begin"), 0, 1],
    [inTransaction("select for update"), 1, 5],
    [payment, 5, 95],
    [inTransaction("update stock"), 95, 99],
    [inTransaction("commit"), 99, 100],
  ];
  expect(holds(...statements)).toEqual([
    {
      from: 1,
      until: 99,
      kind: "transaction",
      what: "a transaction that waits for POST /payments",
      share: 1,
    },
  ]);
});

test("a transaction that is mostly one statement names it; of one that is idle nobody knows why", () => {
  const within = (text: string, until: number): SpanNode[] => [
    [inTransaction("begin"), 0, 1],
    [inTransaction(text), 1, until],
    [inTransaction("commit"), 100, 101],
  ];
  expect(holds(...within("update stock", 90))[0]!.what).toBe("a transaction with update stock");
  expect(holds(...within("update stock", 20))[0]!.what).toBe("a transaction");
});

test("a loop that is summed up holds one for a share of its time", () => {
  const summary = { ...query, repeats: 20, repeatDurationSumNs: 50e6, repeatDurationUnionNs: 50e6 };
  expect(holds([summary, 0, 100])).toMatchObject([{ from: 0, until: 100, share: 0.5 }]);
});
