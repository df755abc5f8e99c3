import { expect, test } from "vitest";
import {
  buildTrace,
  inParallel,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../test/support/trace-builder.ts";
import { traceDetectors } from "./index.ts";
import { spanKind, statusError, type TraceView } from "./model/trace-view.ts";

/** Spans that several detectors look at: who has the finding, so that nobody is told one fix twice. */
const page = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 1_000, ...children]);
const same: SpanFields = { ...query, paramsHash: "7" };
const unknown: SpanFields = { ...query, paramsHash: "0", returnedRows: -1 };
const insert: SpanFields = {
  ...query,
  dbQueryText: "insert into items (a) values ($1)",
  dbQuerySummary: "INSERT items",
};
const total = (n: number): SpanFields => ({
  ...query,
  dbQueryText: `select sum(a) from t${n}`,
  dbQuerySummary: `SELECT t${n}`,
  shapeId: `${5_000 + n}`,
});
const failing: SpanFields = {
  name: "POST",
  kind: spanKind.client,
  statusCode: statusError,
  httpRequestMethod: "POST",
  serverAddress: "payments",
  urlTemplate: "/payments",
  paramsHash: "0",
  shapeId: "3001",
};
const all: SpanFields = { ...query, dbQueryText: "select * from products", returnedRows: 5_000 };
const waiting: SpanFields = { ...query, poolWaitNs: 60e6 };

const cases: readonly [string, TraceView, readonly string[]][] = [
  ["a loop over rows", page(...inSequence(query, 6, 20)), ["n-plus-one"]],
  ["the same row six times", page(...inSequence(same, 6, 20)), ["duplicate-call"]],
  ["six times, nobody knows of what", page(...inSequence(unknown, 6, 20)), ["n-plus-one"]],
  ["a loop over rows that are slow each", page(...inSequence(query, 6, 150)), ["n-plus-one"]],
  ["a loop of writes", page(...inSequence(insert, 6, 20)), ["write-loop"]],
  ["slow writes", page(...inSequence(insert, 6, 150)), ["write-loop"]],
  [
    "failing again and again",
    page(...inSequence({ ...same, statusCode: statusError }, 6, 20)),
    ["retry-storm"],
  ],
  [
    "failing, nobody knows of what",
    page(...inSequence({ ...unknown, statusCode: statusError }, 6, 20)),
    ["retry-storm"],
  ],
  ["a service that fails", page(...inSequence(failing, 6, 20)), ["retry-storm"]],
  ["everything there is, and as long as that takes", page([all, 0, 500]), ["oversized-response"]],
  ["calls at once that wait for each other", page(...inParallel(waiting, 9, 120)), ["n-plus-one"]],
  // Two fixes: an index makes each run faster, and keeping the answer saves the others.
  ["a slow query three times", page(...inSequence(same, 3, 250)), ["duplicate-call", "slow-query"]],
  // Two fixes: start them together, or make the one that is half of the request faster.
  [
    "two that wait for each other",
    page([total(1), 0, 550], [total(2), 550, 900]),
    ["serial-calls", "slow-query"],
  ],
];

test.each(cases)("%s", (_, trace, ids) => {
  const loud = traceDetectors.filter(({ meta, detect }) =>
    detect(trace, meta.defaults).some(({ suppressedBy }) => !suppressedBy),
  );
  expect(loud.map(({ meta }) => meta.id)).toEqual(ids.toSorted(byRegistry));
});

const order = traceDetectors.map(({ meta }) => meta.id);
function byRegistry(a: string, b: string): number {
  return order.indexOf(a) - order.indexOf(b);
}
