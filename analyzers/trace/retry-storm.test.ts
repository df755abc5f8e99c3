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
import { retryStorm } from "./retry-storm.ts";

const failing: SpanFields = {
  name: "POST",
  kind: spanKind.client,
  statusCode: statusError,
  httpRequestMethod: "POST",
  httpResponseStatusCode: 503,
  serverAddress: "payments",
  urlTemplate: "/payments",
  shapeId: "3001",
  paramsHash: "0",
};
const page = (...children: SpanNode[]) => buildTrace(["POST /checkout", 0, 900, ...children]);
const inserting = {
  ...query,
  statusCode: statusError,
  paramsHash: "7",
  dbQueryText: "update stock set a = $1",
  dbQuerySummary: "UPDATE stock",
};
const begin = {
  ...query,
  name: "BEGIN",
  dbQueryText: "begin",
  dbQuerySummary: "BEGIN",
  shapeId: "9",
};
/** Attempts of 20 ms, with a pause before each further one. */
const attempts = (pausesMs: readonly number[], call: SpanFields = failing) => {
  let atMs = 0;
  return [0, ...pausesMs].map((pause): SpanNode => {
    atMs += pause + 20;
    return [call, atMs - 20, atMs];
  });
};

testDetector(retryStorm, {
  quiet: {
    "from one replica to the next": [
      page(
        ...inSequence(inserting, 3, 20).map(
          ([what, start, end], i): SpanNode => [
            { ...(what as SpanFields), serverAddress: `db-${i}` },
            start,
            end,
          ],
        ),
      ),
      "other-server",
    ],
    "an ORM's transaction that is run again": [
      page(
        ...[0, 100, 200].map(
          (at): SpanNode => [
            { name: "prisma.$transaction" },
            at,
            at + 60,
            [{ ...inserting, paramsHash: "0" }, at, at + 20],
          ],
        ),
      ),
      "transaction-retry",
    ],
    "two failures: one retry at once is good practice": page(...inSequence(failing, 2, 20)),
    "three calls that succeed": page(...inSequence({ ...failing, statusCode: 0 }, 3, 20)),
    "pauses that double": [page(...attempts([30, 60, 120])), "backoff"],
    "equal pauses that are long": [page(...attempts([100, 100, 100])), "backoff"],
    "each attempt with other parameters: a loop over a service that is down": [
      page(
        ...inSequence(failing, 5, 20).map(
          ([call, ...at], i): SpanNode => [
            { ...(call as SpanFields), paramsHash: String(50 + i) },
            ...at,
          ],
        ),
      ),
      "different-parameters",
    ],
    "all at once: no retry waits for another": [page(...inParallel(failing, 5, 20)), "at-once"],
    "a loop in which a few calls fail": [
      page(
        ...inSequence({ ...failing, statusCode: 0 }, 6, 20),
        ...inSequence(failing, 3, 20, { fromMs: 200 }),
      ),
      "mostly-succeeds",
    ],
    "lookups of what is not there": [
      page(
        ...inSequence({ ...failing, httpRequestMethod: "GET", httpResponseStatusCode: 404 }, 5, 20),
      ),
      "not-found",
    ],
    "a transaction that is run again after a deadlock": [
      page(
        ...[0, 100, 200].flatMap((at): SpanNode[] => [
          [begin, at, at + 1],
          [inserting, at + 2, at + 20],
        ]),
      ),
      "transaction-retry",
    ],
    "the probe of a load balancer": [
      buildTrace(["GET /healthz", 0, 900, ...inSequence(failing, 4, 20)]),
      "health-check",
    ],
    "a worker that runs for minutes": [
      buildTrace(["worker", 0, 90_000, ...inSequence(failing, 4, 20)]),
      "long-lived",
    ],
  },
  finds: {
    "three failures, one right after the other": [
      page(...inSequence(failing, 3, 20)),
      "POST /checkout makes a failing call 3 times without a pause, 60 ms in all, answered with 503: POST /payments",
      "medium",
    ],
    "that at last succeed": [
      page(...inSequence(failing, 4, 20), [{ ...failing, statusCode: 0 }, 80, 100]),
      "POST /checkout makes a failing call 4 times without a pause, 80 ms in all, answered with 503: POST /payments",
    ],
    "with pauses that are short and don't grow": [
      page(...attempts([10, 10, 10])),
      "POST /checkout makes a failing call 4 times without a pause, 80 ms in all, answered with 503: POST /payments",
    ],
    "the same parameters each time, as the agent knows": [
      page(...inSequence({ ...failing, paramsHash: "7" }, 3, 20)),
      "POST /checkout makes a failing call 3 times without a pause, 60 ms in all, answered with 503: POST /payments",
      "high",
    ],
    "an id in the path, so it may be a loop": [
      page(...inSequence({ ...failing, urlTemplate: "/payments/{id}" }, 3, 20)),
      "POST /checkout makes a failing call 3 times without a pause, 60 ms in all, answered with 503: POST /payments/{id}",
      "low",
    ],
    "a query whose database is away": [
      page(...inSequence(inserting, 3, 20)),
      "POST /checkout makes a failing call 3 times without a pause, 60 ms in all: UPDATE stock",
      "high",
    ],
    "a request that can't succeed, of which the parameters are known to be the same": [
      page(...inSequence({ ...failing, httpResponseStatusCode: 404, paramsHash: "7" }, 3, 20)),
      "POST /checkout makes a failing call 3 times without a pause, 60 ms in all, answered with 404: POST /payments",
    ],
  },
});

test("retry-storm: the failures are in question, and the fix makes but the first", () => {
  const trace = page(...inSequence(failing, 3, 20), [{ ...failing, statusCode: 0 }, 80, 100]);
  const [observation] = retryStorm.detect(trace, retryStorm.meta.defaults);
  expect(observation!.changes).toEqual([{ kind: "drop-repeats", spans: [1, 2, 3] }]);
  expect(observation!.identity).toEqual([
    "shop",
    "test",
    "POST",
    "/checkout",
    "POST /checkout",
    "3001",
  ]);
});
