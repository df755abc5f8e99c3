import { KnownStatements, type Statement } from "./known-statements.ts";
import { type SqlDialect, scanSql } from "./sql-scan.ts";
import { summarizeSql } from "./sql-summary.ts";

/** SQL statements, each read once. */
export class Statements {
  readonly #dialect: SqlDialect;
  readonly #known = new KnownStatements();

  constructor(dialect: SqlDialect) {
    this.#dialect = dialect;
  }

  of(sql: string): Statement {
    const known = this.#known.get(sql);
    if (known !== undefined) return known;
    const { text, tokens } = scanSql(sql, this.#dialect);
    return this.#known.add(sql, { ...summarizeSql(tokens), text });
  }
}
