import { expect, test } from "vitest";
import type { Observation } from "../analyzers/detector.ts";
import { traceDetectors } from "../analyzers/index.ts";
import { spanKind, type TraceView } from "../analyzers/model/trace-view.ts";
import { each, http, statement, unknown } from "./support/call-spans.ts";
import {
  buildTrace,
  inParallel,
  inSequence,
  type SpanFields,
  type SpanNode,
} from "./support/trace-builder.ts";

/**
 * Requests and jobs of real backends that repeat themselves, or wait, for a good reason: no detector accuses them, and the one
 * that looks for such a shape says why not.
 */
const page = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 5_000, ...children]);
const job = (name: string, ...children: SpanNode[]) => buildTrace([name, 0, 5_000, ...children]);

function observe(trace: TraceView): Observation[] {
  return traceDetectors.flatMap(({ meta, detect }) => detect(trace, meta.defaults));
}

/** Full pages of `size`, and the last one that is not. */
const pages = (call: SpanFields, size: number) =>
  each(inSequence(call, 6, 20), (i) => ({ returnedRows: i === 5 ? 3 : size }));

const keyset = statement("select * from orders where id > $1 order by id limit $2");
const shard = statement("select count(*) from orders where day = $1", { paramsHash: "77" });
const chooseTenant = statement("select set_config($1, $2, true)");
const ofDay = statement("select id, total from orders where day = $1");
const takeJob = statement("select * from jobs where run_at <= $1 limit 1 for update skip locked");
const takeJobs = statement(
  "update jobs set taken = $1 where id in (select id from jobs limit 1 for update skip locked)",
);
const markSent = statement("update outbox set sent_at = $1 where id = $2");
const columns = statement("select * from information_schema.columns where table_name = $1");
const seedRow = statement("insert into products (name) values ($1)");
const begin = statement("begin");
const sum = (n: number) => statement(`select sum(a) from t${n}`);

const range = http("GET", "/exports/all.bin", { paramsHash: "55", httpResponseStatusCode: 206 });

const stories: readonly [string, TraceView, guard: string][] = [
  [
    "all rows of a table, page after page behind the last key",
    page(...pages(keyset, 1_000)),
    "pagination",
  ],
  [
    "pages of documents behind the last id",
    page(
      ...pages(
        statement("{find: ?, filter: {_id: {$gt: ?}}, limit: ?}", { dbSystemName: "mongodb" }),
        500,
      ),
    ),
    "pagination",
  ],
  [
    "a table in ranges of a thousand ids, some at once",
    page(
      ...inParallel(
        statement("select * from orders where id between $1 and $2", { returnedRows: 990 }),
        8,
        60,
      ),
    ),
    "pagination",
  ],
  [
    "batches of a DataLoader, one for each level",
    page(
      ...inSequence(
        statement("select * from users where id = any($1)", { returnedRows: 25 }),
        5,
        20,
      ),
    ),
    "batched-lists",
  ],
  [
    "the same question to each shard, at once",
    page(...each(inParallel(shard, 8, 40), (i) => ({ serverAddress: `shard-${i}` }))),
    "different-namespaces",
  ],
  [
    "one tenant after the other, chosen on the connection",
    job(
      "nightly report",
      ...inSequence(chooseTenant, 8, 5, { gapMs: 20 }),
      ...inSequence(ofDay, 8, 10, { fromMs: 6, gapMs: 15 }),
    ),
    "different-namespaces",
  ],
  ["a queue in a table, job after job", job("worker tick", ...inSequence(takeJob, 9, 5)), "queue"],
  ["the same with an update", job("worker tick", ...inSequence(takeJobs, 9, 5)), "queue"],
  [
    "an outbox: each message is sent, then marked",
    job(
      "outbox tick",
      [
        statement("select * from outbox where sent_at is null limit 100", { returnedRows: 9 }),
        0,
        5,
      ],
      ...inSequence(
        {
          name: "publish orders",
          kind: spanKind.producer,
          messagingDestinationName: "orders",
          shapeId: "41",
        },
        9,
        5,
        { fromMs: 10, gapMs: 5 },
      ),
      ...inSequence(markSent, 9, 4, { fromMs: 15, gapMs: 6 }),
    ),
    "effect-between",
  ],
  [
    "a saga: each payment is made, then noted",
    page(
      ...inSequence(http("POST", "/payments"), 6, 20, { gapMs: 10 }),
      ...inSequence(statement("insert into payments (id, ok) values ($1, $2)"), 6, 5, {
        fromMs: 21,
        gapMs: 25,
      }),
    ),
    "effect-between",
  ],
  [
    "an ORM that looks at its tables when it starts",
    job("bootstrap", ...inSequence(columns, 12, 4)),
    "schema-work",
  ],
  [
    "a migration that fills a column row by row",
    job("migrate", ...inSequence(markSent, 30, 4)),
    "schema-work",
  ],
  [
    "a migration by what it notes",
    job(
      "start",
      [statement("select * from knex_migrations"), 0, 4],
      ...inSequence(ofDay, 12, 4, { fromMs: 10 }),
    ),
    "schema-work",
  ],
  ["a script that seeds", job("db:seed", ...inSequence(seedRow, 200, 2)), "schema-work"],
  [
    "a lock, then what it is for",
    buildTrace([
      "GET /orders",
      0,
      300,
      [statement("select pg_advisory_lock(7)"), 0, 90],
      [sum(1), 91, 190],
    ]),
    "takes-lock",
  ],
  [
    "server-sent events: what is new since the last one",
    buildTrace([
      "GET /events",
      0,
      30_000,
      ...each(
        inSequence(statement("select * from events where id > $1"), 20, 3, { gapMs: 1_000 }),
        () => ({ returnedRows: 1 }),
      ),
    ]),
    "polling",
  ],
  [
    "long polling until there is an answer",
    page(...inSequence({ ...ofDay, paramsHash: "9", returnedRows: 0 }, 12, 3, { gapMs: 250 })),
    "polling",
  ],
  ["a file that is fetched in ranges", page(...inSequence(range, 6, 40)), "parts"],
  [
    "a pipeline of Redis",
    page(
      ...inParallel(
        statement("HGETALL cart:*", { dbSystemName: "redis", dbQuerySummary: "HGETALL" }),
        40,
        2,
      ),
    ),
    "pipeline",
  ],
  [
    "rows in chunks of a thousand",
    page(
      ...inSequence(
        statement("insert into items (a) values ($1), …", { returnedRows: 1_000 }),
        9,
        30,
      ),
    ),
    "batched-writes",
  ],
  [
    "read, write, and read again what was written",
    page(
      ...[0, 40, 80].flatMap((at): SpanNode[] => [
        [{ ...ofDay, paramsHash: "3" }, at, at + 5],
        [
          { ...statement("update orders set total = $1 where id = $2"), shapeId: "61" },
          at + 6,
          at + 12,
        ],
      ]),
      [{ ...ofDay, paramsHash: "3" }, 120, 125],
    ),
    "written-between",
  ],
  [
    "a transaction of two databases: the other one is asked while it is open",
    page(
      [begin, 0, 1],
      [statement("update stock set n = n - 1 where id = $1"), 2, 5],
      [http("POST", "/prepare"), 6, 60],
      [statement("prepare transaction 'a'"), 61, 63],
      [statement("commit prepared 'a'"), 64, 66],
    ),
    "two-phase",
  ],
  [
    "a query that fails over from replica to replica",
    page(
      ...each(inSequence({ ...ofDay, paramsHash: "3", statusCode: 2 }, 3, 30), (i) => ({
        serverAddress: `db-${i}`,
      })),
    ),
    "other-server",
  ],
  [
    "a serializable transaction that an ORM runs again",
    page(
      ...[0, 100, 200].map(
        (at): SpanNode => [
          { name: "prisma.$transaction" },
          at,
          at + 60,
          [
            {
              ...statement("update a set b = $1 where id = $2"),
              statusCode: 2,
              shapeId: "62",
              ...unknown,
            },
            at,
            at + 20,
          ],
        ],
      ),
    ),
    "transaction-retry",
  ],
  [
    "attempts with backoff",
    page(
      ...[0, 150, 400, 900].map(
        (at): SpanNode => [
          { ...http("GET", "/rates"), statusCode: 2, paramsHash: "5", shapeId: "63" },
          at,
          at + 30,
        ],
      ),
    ),
    "backoff",
  ],
];

test.each(stories)("%s", (_, trace, guard) => {
  const observations = observe(trace);
  const loud = observations.filter(({ suppressedBy }) => !suppressedBy);
  expect(loud.map(({ summary }) => summary)).toEqual([]);
  expect(observations.map(({ suppressedBy }) => suppressedBy)).toContain(guard);
});
