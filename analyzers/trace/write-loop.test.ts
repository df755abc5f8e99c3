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
import { writeLoop } from "./write-loop.ts";

const insert: SpanFields = {
  ...query,
  name: "INSERT items",
  shapeId: "2001",
  dbQuerySummary: "INSERT items",
  dbQueryText: "insert into items (cart, product) values ($1, $2)",
};
const write = (dbQueryText: string, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...insert,
  dbQuerySummary: "",
  dbQueryText,
  ...fields,
});
const loop = (call: SpanFields = insert, count = 9): SpanNode[] => inSequence(call, count, 10);
const cartPage = (...children: SpanNode[]) => buildTrace(["POST /carts", 0, 200, ...children]);
const unknown = { paramsHash: "0" };
const mongo = (dbQuerySummary: string, fields: Partial<SpanFields> = {}) =>
  write('{"insert":"items","documents":["?"]}', {
    dbSystemName: "mongodb",
    dbQuerySummary,
    ...fields,
  });
const message = { name: "process order", kind: spanKind.consumer };
const found = "POST /carts writes row by row, 9 times: INSERT items";
/** Nine inserts, each with something before it. */
const interleaved = (what: SpanFields) =>
  cartPage(
    ...inSequence(insert, 9, 10, { fromMs: 5, gapMs: 5 }).flatMap((call): SpanNode[] => [
      [what, call[1] - 5, call[1] - 1],
      call,
    ]),
  );

testDetector(writeLoop, {
  quiet: {
    "an outbox: each message is sent, then marked": [
      interleaved({ name: "publish", kind: spanKind.producer }),
      "effect-between",
    ],
    "a saga: each payment is made, then noted": [
      interleaved({ name: "POST", kind: spanKind.client, httpRequestMethod: "POST" }),
      "effect-between",
    ],
    "a queue in a table": [
      cartPage(
        ...loop(
          write("update jobs set a = $1 where id in (select id from jobs for update skip locked)"),
        ),
      ),
      "queue",
    ],
    "a script that seeds": [buildTrace(["db:seed", 0, 200, ...loop()]), "schema-work"],
    "a migration, by what it notes": [
      buildTrace([
        "start",
        0,
        200,
        [{ ...query, shapeId: "9", dbQuerySummary: "SELECT knex_migrations" }, 0, 1],
        ...loop(),
      ]),
      "schema-work",
    ],
    "four inserts": cartPage(...loop(insert, 4)),
    "reads, one per row": cartPage(...loop(query)),
    "inserts of many rows each, as their texts say": [
      cartPage(
        ...loop(write("insert into items(a) values (?), …", { ...unknown, returnedRows: -1 })),
      ),
      "batched-writes",
    ],
    "one insert of many rows": cartPage([{ ...insert, returnedRows: 900 }, 0, 90]),
    "five inserts into five tables": cartPage(
      ...[1, 2, 3, 4, 5].map((i): SpanNode => [{ ...insert, shapeId: `${i}` }, i, i + 1]),
    ),
    "four in each of two functions": cartPage(
      ["a", 0, 40, ...loop(insert, 4)],
      ["b", 40, 80, ...inSequence(insert, 4, 10, { fromMs: 40 })],
    ),
    "one write per message of a batch": buildTrace([
      "worker",
      0,
      100,
      ...Array.from({ length: 9 }, (_, i): SpanNode => [message, i, i + 1, [insert, i, i + 0.5]]),
    ]),
    "Redis commands, which may be one pipeline": cartPage(
      ...loop(write("SET cart:*", { dbSystemName: "redis" })),
    ),
    "transactions and savepoints": cartPage(
      ...loop(write("begin")),
      ...loop(write("savepoint a", { shapeId: "2002" })),
    ),
    "statements that we do not know": cartPage(...loop(write("call add_item($1)"))),
    "an ORM's span over each of four inserts": cartPage(
      ...loop(insert, 4).map((call): SpanNode => [insert, call[1], call[2], call]),
    ),
    "a thousand rows a statement": [
      cartPage(...loop({ ...insert, returnedRows: 1000 })),
      "batched-writes",
    ],
    "chunks, and a last row": [
      cartPage(...loop({ ...insert, returnedRows: 10 }, 6), [insert, 90, 95]),
      "batched-writes",
    ],
    "arrays of unknown length": [
      cartPage(
        ...loop(write("insert into items select * from unnest($1::int[])", { returnedRows: -1 })),
      ),
      "batched-writes",
    ],
    "a list of keys of unknown length": [
      cartPage(...loop(write("delete from items where id in ($1)", { returnedRows: -1 }))),
      "batched-writes",
    ],
    "the rows of a parent": [
      cartPage(...loop(write("delete from items where cart = $1", { returnedRows: 7 }))),
      "batched-writes",
    ],
    "a counter that is raised": [
      cartPage(...loop(write("update carts set n = n + 1 where id = $1", { paramsHash: "7" }))),
      "same-parameters",
    ],
    "the same row until it no longer fails": [
      cartPage(...loop({ ...insert, paramsHash: "7", statusCode: statusError })),
      "retry",
    ],
    "failing with parameters unknown": [
      cartPage(...loop({ ...insert, ...unknown, statusCode: statusError })),
      "retry",
    ],
    "one row per tenant database": [
      cartPage(...perNamespace(insert, 9, 9)),
      "different-namespaces",
    ],
    "a row whenever one arrives": [
      buildTrace(["POST /upload", 0, 4000, ...inSequence(insert, 9, 5, { gapMs: 400 })]),
      "paced",
    ],
    "most of them when the request is answered": [
      buildTrace(["POST /a", 0, 30, ...inSequence(insert, 9, 10)]),
      "after-answer",
    ],
    "a worker that runs for minutes": [
      buildTrace(["nightly-import", 0, 90_000, ...inSequence(insert, 90, 900)]),
      "long-lived",
    ],
    "a health check": [buildTrace(["GET /readyz", 0, 200, ...loop()]), "health-check"],
  },

  finds: {
    "one insert per row": [cartPage(...loop()), found, "high"],
    "all at once": [
      cartPage(...inParallel(insert, 9, 20)),
      "POST /carts writes row by row, 9 times at once: INSERT items",
      "high",
    ],
    "one update per row": [
      cartPage(...loop(write("update items set position = $1 where id = $2"), 5)),
      "POST /carts writes row by row, 5 times: update items set position = $1 where id = $2",
      "high",
    ],
    "deletes, some of which find nothing": [
      cartPage(...loop(write("delete from items where id = $1", { returnedRows: 0 }))),
      "POST /carts writes row by row, 9 times: delete from items where id = $1",
      "high",
    ],
    upserts: [
      cartPage(...loop({ ...insert, dbQueryText: `${insert.dbQueryText} on conflict do nothing` })),
      found,
    ],
    "parameters unknown": [
      cartPage(...loop({ ...insert, ...unknown })),
      "POST /carts writes row by row, 9 times, parameters unknown: INSERT items",
      "low",
    ],
    "rows unknown: each may write several": [
      cartPage(...loop({ ...insert, returnedRows: -1 })),
      found,
      "low",
    ],
    "some rows twice": [
      cartPage(...loop(insert, 6), ...inSequence(insert, 4, 10, { fromMs: 60 })),
      "POST /carts writes row by row, 10 times, 6 with different parameters: INSERT items",
      "medium",
    ],
    "a transaction around each, as ORMs do": [
      interleaved(write("begin", { shapeId: "2002" })),
      found,
      "medium",
    ],
    "a look before each": [interleaved(query), found, "medium"],
    "a call of another service before each": [
      interleaved({ name: "GET", kind: spanKind.client, shapeId: "5" }),
      found,
      "medium",
    ],
    "a checkout before each": [
      interleaved({ name: "pg-pool.connect", kind: spanKind.client, dbSystemName: "postgresql" }),
      found,
      "high",
    ],
    MongoDB: [
      cartPage(...loop(mongo("insert items"))),
      "POST /carts writes row by row, 9 times: insert items",
    ],
    "MongoDB, whose text is only the document, as OpenTelemetry's SDK sends it": [
      cartPage(
        ...loop(mongo("insert items", { dbQueryText: '{"item":"?","_id":"?"}', ...unknown })),
      ),
      "POST /carts writes row by row, 9 times, parameters unknown: insert items",
      "low",
    ],
    "a message that writes its rows one by one": [
      buildTrace(["worker", 0, 100, [message, 0, 95, ...loop()]]),
      "process order writes row by row, 9 times: INSERT items",
    ],
    "a request that takes more than a minute because of it": [
      buildTrace(["POST /import", 0, 90_000, ...inSequence(insert, 900, 99)]),
      "POST /import writes row by row, 900 times: INSERT items",
    ],
  },
});

const observe = (...children: SpanNode[]) =>
  writeLoop.detect(cartPage(...children), writeLoop.meta.defaults)[0]!;

test("write-loop: the same fix has one identity, whatever the count, the time and the way of waiting", () => {
  const { identity } = observe(...loop());
  expect(identity).toEqual(["shop", "test", "POST", "/carts", "POST /carts", "2001"]);
  expect(observe(...inParallel(insert, 20, 10)).identity).toEqual(identity);
  expect(observe(["add", 0, 100, ...loop()]).identity).not.toEqual(identity);
});

test("write-loop: the change merges the calls; the fix is for this database and this statement", () => {
  const { changes, spans, fix } = observe(...loop());
  expect(changes).toEqual([{ kind: "merge-calls", spans }]);
  expect(fix[0]).toContain("run INSERT items once: INSERT … SELECT * FROM unnest");
  const fixOf = (call: SpanFields) => observe(...loop(call)).fix[0];
  expect(fixOf({ ...insert, dbSystemName: "mysql" })).toContain("VALUES with a row each");
  expect(fixOf(write("update items set a = $1 where id = $2"))).toContain("UPDATE … FROM unnest");
  expect(fixOf(write("delete from items where id = $1"))).toContain("= ANY($1)");
  expect(fixOf(mongo("insert items"))).toContain("insertMany");
});

test("write-loop: the order in which spans arrive changes nothing", () => {
  const columns = buildColumns([
    "POST /carts",
    0,
    200,
    ...loop(),
    ...loop(query),
    ["render", 3, 9],
  ]);
  const all = columns.spanId.map((_, i) => i);
  const expected = writeLoop.detect(toTraceView("t", columns), writeLoop.meta.defaults);
  expect(expected).toHaveLength(1);
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (order) => {
      const trace = toTraceView("t", pickSpans(columns, order));
      expect(writeLoop.detect(trace, writeLoop.meta.defaults)).toEqual(expected);
    }),
  );
});
