import { describe, expect, test } from "vitest";
import { traceDetectors } from "../analyzers/index.ts";
import type { TraceView } from "../analyzers/model/trace-view.ts";
import { isRare } from "../analyzers/schedule/is-rare.ts";
import {
  buildTrace,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "./support/trace-builder.ts";

/**
 * What users of Bullet, nplusone and their kind complain about: requests that load what belongs together with one query
 * each, and are accused all the same; and loops that go unseen beside them. They watch objects of an ORM; we see queries.
 */
const statements: Readonly<Record<string, string>> = {
  users: "select * from users order by id limit 20",
  user: "select * from users where id = $1",
  posts: "select * from posts where user_id in ($1, $2, $3, $4, $5)",
  countOfPosts: "select count(*) from posts where user_id = $1",
  roles: "select r.* from roles r where r.id in ($1, $2, $3)",
  usersRoles: "select * from users_roles where user_id in ($1, $2, $3)",
  joined:
    "select * from log inner join users on users.id = log.user_id order by log.at desc limit 10",
  receipt: "insert into receipts (account_id, name) values ($1, $2)",
  account: "select * from accounts where id = $1 limit 1",
  form: "update forms set request_id = $1 where id = $2",
};
const names = Object.keys(statements);

/** One call of a statement by its name above. */
function call(name: string, fields: Partial<SpanFields> = {}): SpanFields {
  const dbQueryText = statements[name]!;
  const [verb] = dbQueryText.split(" ");
  return {
    ...query,
    dbQueryText,
    dbQuerySummary: `${verb!.toUpperCase()} ${name}`,
    shapeId: String(5_000 + names.indexOf(name)),
    ...fields,
  };
}

/** Calls one after the other, 5 ms each. */
function request(...calls: readonly SpanFields[]): TraceView {
  const children = calls.map(
    (each, i): SpanNode => [{ paramsHash: String(700 + i), ...each }, i * 5, i * 5 + 5],
  );
  return buildTrace(["GET /users", 0, 600, ...children]);
}

const said = (trace: TraceView) =>
  traceDetectors
    .flatMap(({ meta, detect }) => detect(trace, meta.defaults))
    .filter(({ suppressedBy }) => !suppressedBy)
    .map(({ summary }) => summary);

const rows = (returnedRows: number) => ({ returnedRows });

const sound: readonly [string, TraceView][] = [
  [
    "a list and what belongs to it, by a list of keys (Bullet 642)",
    request(call("users"), call("posts")),
  ],
  [
    "the same once the loop is mended (Bullet 105, 147; nplusone 34)",
    request(call("users", rows(20)), call("posts", rows(90)), call("roles", rows(3))),
  ],
  [
    "two lists that need the same third one (Bullet 467)",
    request(call("users"), call("posts"), call("roles"), call("usersRoles"), call("roles")),
  ],
  [
    "what is loaded through a table of pairs (Bullet 291)",
    request(call("users", rows(25)), call("usersRoles", rows(25)), call("roles", rows(25))),
  ],
  [
    "a record that is made, and the one record that it belongs to (Bullet 416)",
    request(call("account"), call("receipt"), call("account")),
  ],
  [
    "one record after another is made and connected, once each (Bullet 429)",
    request(call("form"), call("user"), call("receipt"), call("form"), call("user")),
  ],
  [
    "one query with what belongs to it, of which every row is used (Bullet 641; nplusone 27)",
    request(call("joined", rows(10))),
  ],
  [
    "an ORM that loads by lists of its own accord (Bullet 208)",
    request(
      ...names
        .filter((name) => /^(users|posts|roles|usersRoles)$/.test(name))
        .map((name) => call(name)),
    ),
  ],
  [
    "one record, and later the list that it is in (nplusone 15)",
    request(call("user"), call("users"), call("user")),
  ],
  [
    "a list that turns out empty (nplusone 13)",
    request(call("users", rows(0)), call("posts", rows(0))),
  ],
  [
    "lists that nobody looks at once they are loaded, which no span can tell (django-seal 87)",
    request(call("users", rows(20)), call("posts", rows(90)), call("joined", rows(10))),
  ],
  ["a query that finds nothing (nest-profiler: zero rows)", request(call("user", rows(0)))],
  [
    "a query of 120 ms in a request that takes long for another reason (nest-profiler: slow)",
    buildTrace(["GET /users", 0, 900, [call("user"), 0, 120]]),
  ],
];

test.each(sound)("quiet: %s", (_, trace) => expect(said(trace)).toEqual([]));

const found: readonly [string, TraceView, string][] = [
  [
    "a count for each row, where the list would do (Bullet 642)",
    buildTrace(["GET /users", 0, 300, ...inSequence(call("countOfPosts"), 20, 5)]),
    "runs the same query 20 times",
  ],
  [
    "the loop beside what is loaded as a list (Bullet 105)",
    buildTrace([
      "GET /users",
      0,
      300,
      [call("users"), 0, 5],
      [call("posts"), 5, 10],
      ...inSequence(call("account"), 9, 5, { fromMs: 10, gapMs: 5 }),
      ...inSequence(call("user"), 9, 5, { fromMs: 15, gapMs: 5 }),
    ]),
    "a loop in which 2 queries run 9 times",
  ],
];

test.each(found)("found: %s", (_, trace, words) => expect(said(trace).join()).toContain(words));

describe("seen in one request of a thousand (Sentry 45924: only after three)", () => {
  const loops = [
    "n-plus-one",
    "duplicate-call",
    "write-loop",
    "retry-storm",
    "transaction-across-call",
  ];
  const once = { traces: 1, requests: 1_000, confidence: "low" } as const;

  test.each(loops)("%s is listed", (id) => {
    expect(isRare(traceDetectors.find(({ meta }) => meta.id === id)!, once)).toBe(false);
  });
});
