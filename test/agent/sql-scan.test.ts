import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { postgresql, scanSql } from "../../agent/evidence/sql-scan.ts";
import { summarizeSql } from "../../agent/evidence/sql-summary.ts";
import { toSqlShape } from "../../collector/decode/sql-shape.ts";

const statements = [
  "select a from t where b = 5 limit 10",
  "SELECT * FROM \"Order Items\" i, customers c JOIN x.y ON true WHERE a='it''s' AND z = E'a\\'b'",
  "select extract(year from d) from e where f > 1e-5 and g = -1 -- c\n/* x */ for update",
  "insert into t (a) values (1, now()), (2, $$x$$), ($1, $tag$ 'y' $tag$)",
  "with a as (select 1), b as (select 2 from q) update t set x = 1 from a where t.id = a.id",
  "create table if not exists foo (a int)",
  "select count(*) from (select 1 from deep) d",
  "delete from only x where a in (1, 2, $3)",
];

describe("a statement without its literals", () => {
  it.each(statements)("has the same shape and summary for the collector: %s", (sql) => {
    const { text, tokens } = scanSql(sql, postgresql);
    const original = toSqlShape(sql, "postgresql");
    expect(toSqlShape(text, "postgresql").text).toBe(original.text);
    expect(summarizeSql(tokens)).toMatchObject({
      summary: original.summary,
      collection: original.collection,
    });
  });

  it("holds nothing of a string or a number, whatever is in it", () => {
    const secret = fc.string({ unit: "grapheme", maxLength: 40 });
    fc.assert(
      fc.property(secret, fc.nat(), (text, number) => {
        const quoted = `'${text.replaceAll("'", "''")}'`;
        const sql = `select a from t where b = ${quoted} and c = ${number} and d = 'end'`;
        expect(scanSql(sql, postgresql).text).toBe(
          "select a from t where b = $0 and c = $0 and d = $0",
        );
      }),
    );
  });

  it("is read to its end, whatever it is, and only once", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (sql) => {
        summarizeSql(scanSql(sql, postgresql).tokens);
      }),
    );
    // Each of these would take hours if a token's end were looked for again and again.
    for (const part of ["'", "$a$", "/*", '"', "(", "1e", "1e+", "with a as (", "a.", "--"]) {
      const { text, tokens } = scanSql(part.repeat(40_000), postgresql);
      summarizeSql(tokens);
      expect(text.length).toBeLessThanOrEqual(80_001);
    }
  });
});
