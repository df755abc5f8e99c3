import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { queryTextBytesMax } from "./decode-limits.ts";
import { toSqlShape } from "./sql-shape.ts";

const postgresql = (text: string) => toSqlShape(text, "postgresql").text;
const mysql = (text: string) => toSqlShape(text, "mysql").text;
const systems = ["postgresql", "mysql", "sqlite", "mssql", "oracle", "clickhouse", "unheard-of"];

describe("statements that differ in values have one shape", () => {
  it.each([
    ["blanks and case", "SELECT  a\n FROM t", "select a from t"],
    ["blanks around operators", "select a from t where b>=1", "select a from t where b >= 2"],
    ["comments", "select a /* x /* y */ z */ from t -- end", "select a from t"],
    ["strings", "select 'it''s'", "select E'it\\'s'"],
    ["dollar quotes", "select $$it's$$, $tag$ $$ $tag$", "select 'a', 'b'"],
    [
      "constants and parameters",
      "select a from t where b = $1 limit 10",
      "select a from t where b = 5 limit $2",
    ],
    [
      "signs",
      "select a from t where b = -1 and c in (+2)",
      "select a from t where b = 1 and c in (2)",
    ],
    ["numbers", "select 1e-5, 0x1F, 1_000, .5", "select 1, 2, 3, 4"],
    ["lists of IN", "select a from t where b in (1)", "select a from t where b in (1, 2, $3)"],
    [
      "lists of pairs",
      "select a from t where (b, c) in ((1, 2))",
      "select a from t where (b, c) in ((1, 2), (3, 4))",
    ],
    [
      "lists with casts",
      "select a from t where b in ($1::int)",
      "select a from t where b in ($1::int, $2::int)",
    ],
    [
      "rows of VALUES, from two on",
      "insert into t (a) values (1, now()), (2, 3) on conflict do nothing",
      "insert into t (a) values (1, now()), (2, f((3))), (4, 5) on conflict do nothing",
    ],
    ["names of savepoints", "savepoint a1", "SAVEPOINT b2"],
    [
      "parameters of Python",
      "select a from t where b = %s and c = %(name)s",
      "select a from t where b = 1 and c = 2",
    ],
    [
      "parameters of JDBC",
      "select a from t where b = ? and c in (?,?)",
      "select a from t where b = 1 and c in (2)",
    ],
  ])("%s", (_, one, other) => {
    expect(postgresql(one)).toBe(postgresql(other));
  });
});

describe("statements that do different things have different shapes", () => {
  it.each([
    ["select a, b from t", "select b, a from t"],
    ["select f(1)", "select f(1, 2)"],
    ["select a from x.t", "select a from y.t"],
    ['select a from "T"', 'select a from "t"'],
    ["select a from t order by a", "select a from t order by a desc"],
    ["select a from t where b = 1", "select a from t where b > 1"],
    ["select a from t where b = any($1)", "select a from t where b in ($1)"],
    ["select a from t1", "select a from t2"],
    ["select '1'::int", "select '1'::text"],
  ])("%s | %s", (one, other) => {
    expect(postgresql(one)).not.toBe(postgresql(other));
  });
});

describe("each dialect is read its own way", () => {
  it.each([
    ["mysql", 'select "a", `b` from t # c', "select ?, `b` from t"],
    ["mysql", "select 'it\\'s', 5--3", "select ?, ? - ?"],
    [
      "mysql",
      "insert into t values (1) on duplicate key update a = values(a), b = values(b)",
      "insert into t values (?) on duplicate key update a = values (a), b = values (b)",
    ],
    [
      "sqlite",
      "select [a b] from t where c = :c and d = ?1 and e = $e",
      "select [a b] from t where c = ? and d = ? and e = ?",
    ],
    [
      "mssql",
      "select top 5 [a] from #tmp where b = @p0 and c = N'x'",
      "select top ? [a] from #tmp where b = ? and c = ?",
    ],
    [
      "postgresql",
      "select a->>'b', c ?| array['d'] from t where e @> '{}' and f ~* 'g'",
      "select a ->> $1, c ?| array[$1] from t where e @> $1 and f ~* $1",
    ],
    [
      "postgresql",
      "select t.*, count(*) from t group by 1",
      "select t.*, count(*) from t group by $1",
    ],
    [
      "clickhouse",
      "select 'it\\'s', a from t where b = {c:String}",
      "select ?, a from t where b = { c ? }",
    ],
    ["unheard-of", "select \"a\", 'b' from t", "select ?, ? from t"],
  ])("%s: %s", (system, text, shape) => {
    expect(toSqlShape(text, system).text).toBe(shape);
  });

  it.each([
    ["postgresql", "select 'secret"],
    ["postgresql", "select $$secret"],
    ["postgresql", "select /* secret"],
    ["postgresql", 'select "secret'],
    ["oracle", "select q'[it's secret]' from dual"],
    ["unheard-of", "select 'a\\', secret, 'b'"],
    ["unheard-of", "select a # 'secret"],
  ])("%s gives up on %s", (system, text) => {
    expect(toSqlShape(text, system)).toMatchObject({
      text: `<unparsed ${text.length}>`,
      isKnown: false,
    });
  });
});

describe("a summary names the operation and the tables", () => {
  it.each([
    ["select a from products where b = 1", "SELECT products"],
    [
      "SELECT a FROM orders o JOIN public.users u ON o.u = u.id, items i",
      "SELECT orders public.users items",
    ],
    ["insert into orders (a) select a from carts", "INSERT orders carts"],
    ["update orders set a = 1 where b in (select b from old)", "UPDATE orders old"],
    ["delete from only orders", "DELETE orders"],
    ["with recent as (select * from orders) select * from recent, users", "SELECT orders users"],
    ["select a from t for update", "SELECT t"],
    ["insert into t values (1) on conflict do update set a = 2", "INSERT t"],
    ["select extract(year from created) from t", "SELECT t"],
    ["select a is distinct from b from t", "SELECT t"],
    ["select * from generate_series(1, 10)", "SELECT"],
    ['select a from "Order Items"', "SELECT Order Items"],
    ["create table if not exists t (a int)", "CREATE TABLE t"],
    ["truncate table t", "TRUNCATE t"],
    ["BEGIN", "BEGIN"],
    ["", ""],
  ])("%s", (text, summary) => {
    expect(toSqlShape(text, "postgresql").summary).toBe(summary);
  });

  it("is bounded", () => {
    const tables = Array.from({ length: 500 }, (_, i) => `table_number_${i}`).join(", ");
    const { summary, collection } = toSqlShape(`select a from ${tables}`, "postgresql");
    expect(summary.length).toBeLessThanOrEqual(255);
    expect(summary).toMatch(/^SELECT table_number_0 .*\d$/);
    expect(collection).toBe("table_number_0");
  });
});

/** Pieces of statements with a literal in each; the literal's text is found nowhere else. */
const secret = fc.stringMatching(/^zq[0-9]{3}[a-z]{3}$/);
const literal = fc.oneof(
  secret.map((text) => ({ text, sql: `'${text}'` })),
  secret.map((text) => ({ text, sql: `'it''s ${text}; -- /* $$'` })),
  fc.integer({ min: 100_000 }).map((number) => ({ text: String(number), sql: String(number) })),
  fc
    .integer({ min: 100_000 })
    .map((number) => ({ text: String(number), sql: `-${number}.${number}e+5` })),
  secret.map((text) => ({ text, sql: `N'${text}'` })),
);
const frame = fc.constantFrom(
  (sql: string) => `select a from t where b = ${sql}`,
  (sql: string) => `select a from t where b in (${sql}, ${sql})`,
  (sql: string) => `insert into t values (1, ${sql}), (2, ${sql})`,
  (sql: string) => `update t set a=${sql}where b=${sql}-- ${"c"}\n and c`,
  (sql: string) => `select f(${sql},(${sql}))||${sql} /* ${sql.replaceAll("*/", "")} */`,
);

it("no literal survives, in any dialect", () => {
  fc.assert(
    fc.property(
      literal,
      literal,
      frame,
      frame,
      fc.constantFrom(...systems),
      (a, b, first, second, system) => {
        const { text, summary, collection } = toSqlShape(
          `${first(a.sql)}; ${second(b.sql)}`,
          system,
        );
        for (const hidden of [a.text, b.text])
          expect(text + summary + collection).not.toContain(hidden);
      },
    ),
    { numRuns: 500 },
  );
});

const tokens = fc.array(
  fc.oneof(
    fc.constantFrom(
      ..."( ) [ ] , . ; : :: ' \" ` $ $$ $1 ? - -- /* */ + * / % @ # in values savepoint e a".split(
        " ",
      ),
    ),
    fc.constantFrom(
      "select",
      "from",
      "with",
      "as",
      "1",
      ".5",
      "1e",
      "0x",
      "%s",
      "\n",
      "\\",
      "é",
      "{",
      "'x'",
      '"y"',
    ),
    fc.string({ maxLength: 3 }),
  ),
  { maxLength: 25 },
);

it("the shape of a shape is itself", () => {
  fc.assert(
    fc.property(
      tokens,
      fc.constantFrom("", " "),
      fc.constantFrom(...systems),
      (pieces, blank, system) => {
        const once = toSqlShape(pieces.join(blank), system);
        fc.pre(once.isKnown);
        expect(toSqlShape(once.text, system)).toEqual(once);
      },
    ),
    { numRuns: 3_000 },
  );
});

describe("a long text", () => {
  it("is cut, with a mark, and never inside a literal", () => {
    const text = `select a from t where b = '${"secret ".repeat(10_000)}' and c = 1`;
    expect(mysql(text)).toBe("select a from t where b = …");
    for (const blanks of ["", " ", "  ", "   "]) {
      const list = `select a from t where b in (${blanks}${"1, ".repeat(20_000)}1)`;
      expect(mysql(list)).toBe("select a from t where b in (? …");
      const rows = `insert into t values ${blanks}${"(1, 2), ".repeat(20_000)}(1, 2)`;
      expect(mysql(rows)).toBe("insert into t values (?, ?) …");
    }
  });

  it.each([
    "(",
    ")",
    "'",
    '"',
    "`",
    "$",
    "$a$",
    "/*",
    "--",
    "[",
    "in (",
    "in (1,",
    "values (",
    "a.",
    ":",
    "?",
    "%s",
    "\\",
    "with a as (",
    "1e",
    "é",
    "- ",
  ])("of nothing but %s is read in bounded steps", (piece) => {
    const text = piece.repeat(1_000_000 / piece.length);
    for (const system of systems) {
      expect(toSqlShape(text, system).text.length).toBeLessThan(3 * queryTextBytesMax);
    }
  });
});
