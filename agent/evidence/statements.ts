import { type SqlDialect, scanSql } from "./sql-scan.ts";
import { type SqlSummary, summarizeSql } from "./sql-summary.ts";

/** Texts that are remembered, and their characters together; an application that writes values into them has no end of it. */
const statementsMax = 2_000;
const charactersMax = 4_000_000;

/** What is known of a statement by its text, once for all of its calls. */
export interface Statement extends SqlSummary {
  /** Without values. */
  readonly text: string;
  /** The last call was slow, or failed: the next one's call site is worth its price. */
  isWatched: boolean;
}

export class Statements {
  readonly #dialect: SqlDialect;
  #byText = new Map<string, Statement>();
  #characters = 0;

  constructor(dialect: SqlDialect) {
    this.#dialect = dialect;
  }

  of(sql: string): Statement {
    const known = this.#byText.get(sql);
    if (known !== undefined) return known;
    const { text, tokens } = scanSql(sql, this.#dialect);
    const statement = { ...summarizeSql(tokens), text, isWatched: false };
    this.#remember(sql, statement);
    return statement;
  }

  /** All are forgotten at once when they are too many: those that matter are back with their next call. */
  #remember(sql: string, statement: Statement): void {
    const characters = sql.length + statement.text.length;
    const isFull =
      this.#byText.size >= statementsMax || this.#characters + characters > charactersMax;
    if (isFull) {
      this.#byText = new Map();
      this.#characters = 0;
    }
    this.#byText.set(sql, statement);
    this.#characters += characters;
  }
}
