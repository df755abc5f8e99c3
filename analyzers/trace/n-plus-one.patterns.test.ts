import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inParallel,
  inSequence,
  query,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { nPlusOne } from "./n-plus-one.ts";

const stock = { ...query, name: "SELECT stock", dbQuerySummary: "SELECT stock", shapeId: "1002" };
const insert = {
  ...query,
  name: "INSERT log",
  dbQuerySummary: "INSERT log",
  dbQueryText: "insert into log (user_id) values ($1)",
  shapeId: "1003",
};
const get = {
  name: "GET",
  kind: 3,
  shapeId: "3001",
  httpRequestMethod: "GET",
  serverAddress: "stock",
  urlTemplate: "/stock/{id}",
};
const page = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 900, ...children]);
const turns = (second: typeof query | typeof get, count = 9) => [
  ...inSequence(query, count, 10, { gapMs: 10 }),
  ...inSequence(second, count, 10, { gapMs: 10, fromMs: 10 }),
];

testDetector(nPlusOne, {
  quiet: {
    "four turns of two queries: eight calls, and no loop yet": page(...turns(stock, 4)),
    "a loop that only writes": [page(...inSequence(insert, 9, 10)), "write"],
  },
  finds: {
    "two queries in each turn, as one loop": [
      page(...turns(stock)),
      "GET /orders has a loop in which 2 queries run 9 times: SELECT users, SELECT stock",
      "high",
    ],
    "a query and a request in each turn; the less certain of both says how sure we are": [
      page(...turns(get)),
      "GET /orders has a loop in which 2 calls are made 9 times: SELECT users, GET /stock/{id}",
      "medium",
    ],
    "two queries for each row, all rows at once": [
      page(...inParallel(query, 9, 20), ...inParallel(stock, 9, 20, { fromMs: 15 })),
      "GET /orders has a loop in which 2 queries run 9 times at once: SELECT users, SELECT stock",
    ],
    "a resolver with two queries for each row, right below the request": [
      page(
        ...Array.from({ length: 6 }, (_, i): SpanNode => {
          const from = i * 30;
          const nth = { paramsHash: String(100 + i) };
          return [
            "resolve order",
            from,
            from + 25,
            [{ ...query, ...nth }, from, from + 10],
            [{ ...stock, ...nth }, from + 12, from + 20],
          ];
        }),
      ),
      "GET /orders has a loop in which 2 queries run 6 times: SELECT users, SELECT stock",
    ],
  },
});

test("n-plus-one: what is written in a turn is another finding; what is read keeps its identity", () => {
  const observations = nPlusOne.detect(page(...turns(insert)), nPlusOne.meta.defaults);
  expect(observations.map(({ suppressedBy }) => suppressedBy)).toEqual([undefined, "write"]);
  const [alone] = nPlusOne.detect(page(...inSequence(query, 9, 10)), nPlusOne.meta.defaults);
  expect(observations[0]!.identity).toEqual(alone!.identity);
});

test("n-plus-one: a loop with several calls is named for the first, and merges each", () => {
  const alone = nPlusOne.detect(page(...inSequence(query, 9, 10)), nPlusOne.meta.defaults)[0]!;
  const both = nPlusOne.detect(page(...turns(stock)), nPlusOne.meta.defaults)[0]!;
  expect(both.identity).toEqual(alone.identity);
  expect(both.changes.map(({ kind, spans }) => [kind, spans.length])).toEqual([
    ["merge-calls", 9],
    ["merge-calls", 9],
  ]);
  expect(both.repeats).toBe(18);
});
