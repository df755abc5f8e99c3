import { describe, expect, test } from "vitest";
import {
  buildTrace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { databaseChanges, hasEffects, remoteChanges, touchesSame } from "./data-change.ts";

const traceOf = (...calls: readonly Partial<SpanFields>[]) =>
  buildTrace(...calls.map((fields, i): SpanNode => [{ ...query, ...fields }, i, i + 1]));
const textOf = (dbQueryText: string) => ({ dbQueryText, dbQuerySummary: "" });

describe("hasEffects", () => {
  test.each([
    "select a from t where b = $1 for update",
    "select a from t for no key update skip locked",
    "select a from t for key share",
    "select a from t lock in share mode",
    "select nextval($1)",
    "select a from t where b < now()",
    "select a from t where b < current_timestamp",
    "select a, random() from t",
    "select a from t order by rand()",
    "select gen_random_uuid() from t",
    "select pg_try_advisory_lock(a) from t",
    "select get_lock(?, ?)",
    "select set_config($1, $2, $3)",
    "select last_insert_id()",
    "select sleep(?)",
  ])("%s", (text) => expect(hasEffects(traceOf(textOf(text)), 0)).toBe(true));

  test.each([
    "select a from t where b = $1",
    "select now, random from t",
    "select a from orders_for_update",
    "select count(*), lower(a) from t",
    "select a as known from t where b in ($1)",
  ])("not: %s", (text) => expect(hasEffects(traceOf(textOf(text)), 0)).toBe(false));
});

test("what may change data: writes, reads with effects, and what we do not know", () => {
  const trace = traceOf(
    query,
    textOf("update t set a = $1"),
    textOf("select a from t for update"),
    textOf("call refresh($1)"),
    textOf("begin"),
    textOf("fetch 100 from c"),
    { dbSystemName: "", shapeId: "5" },
  );
  expect(databaseChanges(trace)).toEqual([1, 2, 3]);
});

test("what may change data elsewhere: messages, and calls that are not GET, HEAD or OPTIONS", () => {
  const http = (httpRequestMethod: string) => ({ dbSystemName: "", httpRequestMethod });
  const trace = traceOf(http("GET"), http("POST"), http("DELETE"), query, {
    dbSystemName: "",
    kind: 4,
  });
  expect(remoteChanges(trace)).toEqual([1, 2, 4]);
});

describe("touchesSame", () => {
  const touches = (change: Partial<SpanFields>, read: Partial<SpanFields> = {}) =>
    touchesSame(traceOf(change, { dbQuerySummary: "SELECT users orders", ...read }), 0, 1);

  test.each([
    "UPDATE users",
    "DELETE orders",
    "INSERT public.users",
    "UPDATE Users",
    "INSERT a users",
  ])("%s", (dbQuerySummary) => expect(touches({ dbQuerySummary })).toBe(true));

  test.each(["UPDATE users_log", "INSERT items"])("not: %s", (dbQuerySummary) =>
    expect(touches({ dbQuerySummary })).toBe(false),
  );

  test("what is not known may", () => {
    expect(touches({ dbQuerySummary: "" })).toBe(true);
    expect(touches({ dbQuerySummary: "UPDATE items" }, { dbQuerySummary: "SELECT" })).toBe(true);
    expect(touches({ dbQuerySummary: `INSERT ${"a".repeat(240)}` })).toBe(true);
  });

  test("not: another database", () => {
    expect(touches({ dbQuerySummary: "UPDATE users", dbSystemName: "mysql" })).toBe(false);
  });
});
