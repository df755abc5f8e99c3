import { expect, test } from "vitest";
import { traceDetectors } from "../analyzers/index.ts";
import type { TraceView } from "../analyzers/model/trace-view.ts";
import { each, http, statement } from "./support/call-spans.ts";
import { buildTrace, inSequence, query, type SpanNode } from "./support/trace-builder.ts";

/** Faults that look like something that is right: they are found all the same. */
const page = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 900, ...children]);
const chooseTenant = statement("select set_config($1, $2, true)");

const faults: readonly [string, TraceView, string][] = [
  [
    "the latest message of each chat: a limit, and no page",
    page(
      ...inSequence(
        statement("select * from messages where chat = $1 order by id desc limit 1"),
        9,
        10,
      ),
    ),
    "runs the same query 9 times",
  ],
  [
    "the latest ten of each of many customers, all of which have ten",
    page(
      ...inSequence(
        statement("select * from orders where customer = $1 and id > $2 limit 10", {
          returnedRows: 10,
        }),
        9,
        10,
      ),
    ),
    "runs the same query 9 times",
  ],
  [
    "the price that was valid on each row's day",
    page(
      ...inSequence(
        statement("select * from prices where valid_from <= $1 order by valid_from desc limit 1"),
        9,
        10,
      ),
    ),
    "runs the same query 9 times",
  ],
  [
    "a sum for each day of a month",
    page(
      ...inSequence(statement("select sum(total) from orders where at >= $1 and at < $2"), 30, 10),
    ),
    "runs the same query 30 times",
  ],
  [
    "a function of the database for each row",
    page(...inSequence(statement("select price_of($1)"), 9, 10)),
    "runs the same query 9 times",
  ],
  [
    "rows that are read from two replicas in turns",
    page(...each(inSequence(query, 8, 10), (i) => ({ serverAddress: `replica-${i % 2}` }))),
    "runs the same query 8 times",
  ],
  [
    "one tenant's rows, with the tenant chosen before each (row-level security)",
    page(
      ...inSequence({ ...chooseTenant, paramsHash: "12" }, 9, 2, { gapMs: 18 }),
      ...inSequence(query, 9, 10, { fromMs: 3, gapMs: 10 }),
    ),
    "runs the same query 9 times",
  ],
  [
    "a price is fetched for each row, then the row is written",
    page(
      ...inSequence(http("GET", "/prices/{id}"), 6, 20, { gapMs: 10 }),
      ...inSequence(statement("insert into prices (id, cents) values ($1, $2)"), 6, 5, {
        fromMs: 21,
        gapMs: 25,
      }),
    ),
    "writes row by row, 6 times",
  ],
  [
    "authors and featured products are no access check",
    page(
      [statement("select * from authors"), 0, 95],
      [statement("select * from featured_products"), 95, 190],
    ),
    "waits for 2 calls one after the other",
  ],
  [
    "a few at a time (p-limit)",
    page(
      ...each(inSequence(query, 12, 30), () => ({})).map(
        ([what], i): SpanNode => [what, Math.floor(i / 4) * 30, Math.floor(i / 4) * 30 + 30],
      ),
    ),
    "runs the same query 12 times",
  ],
  [
    "a request that is called migrate is a request",
    buildTrace(["POST /migrate", 0, 900, ...inSequence(query, 9, 20)]),
    "runs the same query 9 times",
  ],
];

test.each(faults)("%s", (_, trace, words) => {
  const summaries = traceDetectors
    .flatMap(({ meta, detect }) => detect(trace, meta.defaults))
    .flatMap(({ summary, suppressedBy }) => (suppressedBy ? [] : summary));
  expect(summaries.join()).toContain(words);
});
