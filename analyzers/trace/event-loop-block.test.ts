import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { eventLoopBlock } from "./event-loop-block.ts";

const block = (fields: Partial<SpanFields> = {}): SpanFields => ({
  name: "event loop blocked",
  isBlockCause: 1,
  codeFilePath: "/app/src/invoices.ts",
  codeLineNumber: 25,
  codeFunctionName: "toLine",
  ...fields,
});
const page = (...children: SpanNode[]) => buildTrace(["GET /statement", 0, 400, ...children]);
const get = (host: string): SpanFields => ({
  name: "GET",
  kind: spanKind.client,
  httpRequestMethod: "GET",
  serverAddress: host,
  urlTemplate: `/${host}`,
  shapeId: `3${host.length}`,
});
const session = { ...query, dbSystemName: "redis", dbQuerySummary: "GET session", shapeId: "4001" };

testDetector(eventLoopBlock, {
  quiet: {
    "a block of 49 ms": page([block(), 0, 49]),
    "a long request that waits for one query": page([query, 0, 390]),
    "twenty queries that end one after the other": page(...inSequence(query, 20, 15)),
    "answers of one database that end together: a batch": page(
      [query, 0, 200],
      [query, 50, 200],
      [query, 90, 200.5],
    ),
    "two unlike calls that end together: chance": page([query, 0, 200], [get("rates"), 100, 200]),
    "three that were also started together: one slow moment of the network": page(
      [query, 0, 200],
      [get("rates"), 1, 200],
      [session, 2, 200.5],
    ),
    "three that end milliseconds apart": page(
      [query, 0, 200],
      [get("rates"), 60, 205],
      [session, 120, 210],
    ),
    "three short ones": page([query, 0, 45], [get("rates"), 1, 45], [session, 30, 45]),
    "one of them is a summary of twenty short ones": page(
      [{ ...query, repeats: 20 }, 0, 200],
      [get("rates"), 60, 200.5],
      [session, 120, 201],
    ),
    "held up by another request's work: that one is the finding": [
      page([block({ isBlockCause: 0 }), 100, 300]),
      "held-up-by-another",
    ],
    "nobody knows whose work it was": [
      page([block({ isBlockCause: -1, codeFilePath: "" }), 0, 60]),
      "cause-unknown",
    ],
    "a health check that was held up": [
      buildTrace(["GET /healthz", 0, 300, [block({ isBlockCause: 0 }), 0, 280]]),
      "health-check",
    ],
    "a worker's loop of minutes": [
      buildTrace(["worker", 0, 90_000, [block(), 0, 200]]),
      "long-lived",
    ],
  },
  finds: {
    "the request that blocks, with the line": [
      page([block(), 100, 300]),
      "GET /statement blocks the event loop for 200 ms in toLine (invoices.ts:25)",
      "high",
    ],
    "several blocks of one request": [
      page([block(), 0, 60], [block(), 100, 160]),
      "GET /statement blocks the event loop for 120 ms in toLine (invoices.ts:25)",
    ],
    "blocked, and held up by another as well: its own blocks count": [
      page([block(), 0, 60], [block({ isBlockCause: 0 }), 100, 300]),
      "GET /statement blocks the event loop for 60 ms in toLine (invoices.ts:25)",
    ],
    "without a function's name": [
      page([block({ codeFunctionName: "" }), 0, 60]),
      "GET /statement blocks the event loop for 60 ms in invoices.ts:25",
    ],
    "without a stack": [
      page([block({ codeFilePath: "" }), 0, 60]),
      "GET /statement blocks the event loop for 60 ms",
      "medium",
    ],
    "of a bare SDK: three unlike calls began apart and ended together": [
      page([query, 0, 200], [get("rates"), 60, 200.5], [session, 120, 201]),
      "GET /statement reads the answers of 3 unlike calls at the same moment, so its event loop may have been blocked for 80 ms: SELECT users, GET /rates, GET session",
      "low",
    ],
  },
});

test("event-loop-block: the identity is the endpoint that blocks, whatever the line; nothing is predicted", () => {
  const [observation] = eventLoopBlock.detect(
    page([block(), 0, 60], [block({ isBlockCause: 0 }), 100, 300]),
    eventLoopBlock.meta.defaults,
  );
  expect(observation).toMatchObject({
    identity: ["shop", "test", "GET", "/statement"],
    spans: [1],
    changes: [],
  });
  expect(observation!.fix[0]).toContain("toLine (invoices.ts:25)");
});
