/** What a tokenizer must know of a dialect, so that no literal passes for something else. */
export interface SqlDialect {
  /** What stands for a value: `$1` where `?` is an operator, else `?`. */
  readonly placeholder: "$1" | "?";
  /** What "…" is. */
  readonly doubleQuote: "identifier" | "string";
  /** Whether a backslash escapes the next character of a string. */
  readonly backslash: "escapes" | "literal";
  /** `$tag$ … $tag$` is a string. */
  readonly hasDollarQuotes: boolean;
  /** `[…]` is an identifier. */
  readonly hasBrackets: boolean;
  /** `#` starts a comment. */
  readonly hasHashComments: boolean;
  /** A block comment may hold another. */
  readonly nestsComments: boolean;
  /** `--` starts a comment only before a blank: `5--3` is a sum. */
  readonly hasSpacedDashes: boolean;
  /** The dialect is a guess: give up on a text in which dialects differ about where a literal ends. */
  readonly isGuess: boolean;
}

const ansi: SqlDialect = {
  placeholder: "?",
  doubleQuote: "identifier",
  backslash: "literal",
  hasDollarQuotes: false,
  hasBrackets: false,
  hasHashComments: false,
  nestsComments: false,
  hasSpacedDashes: false,
  isGuess: false,
};

const postgresql: SqlDialect = {
  ...ansi,
  placeholder: "$1",
  hasDollarQuotes: true,
  nestsComments: true,
};

const mysql: SqlDialect = {
  ...ansi,
  doubleQuote: "string",
  backslash: "escapes",
  hasHashComments: true,
  hasSpacedDashes: true,
};

const sqlite: SqlDialect = { ...ansi, hasBrackets: true };

const sqlServer: SqlDialect = { ...ansi, hasBrackets: true, nestsComments: true };

const backslashed: SqlDialect = { ...ansi, backslash: "escapes", hasDollarQuotes: true };

/** For a system that we don't know: whatever might be a literal is one. */
const unknown: SqlDialect = {
  ...ansi,
  doubleQuote: "string",
  hasDollarQuotes: true,
  hasHashComments: true,
  isGuess: true,
};

const dialects = new Map<string, SqlDialect>([
  ["postgresql", postgresql],
  ["cockroachdb", postgresql],
  ["redshift", postgresql],
  ["aws.redshift", postgresql],
  ["mysql", mysql],
  ["mariadb", mysql],
  ["sqlite", sqlite],
  ["mssql", sqlServer],
  ["microsoft.sql_server", sqlServer],
  ["oracle", ansi],
  ["oracle.db", ansi],
  ["db2", ansi],
  ["ibm.db2", ansi],
  ["h2", ansi],
  ["h2database", ansi],
  ["hsqldb", ansi],
  ["derby", ansi],
  ["trino", ansi],
  ["cassandra", ansi],
  ["clickhouse", backslashed],
  ["snowflake", backslashed],
]);

/** The dialect of a `db.system.name`, or of the `db.system` of before. */
export function sqlDialectOf(system: string): SqlDialect {
  return dialects.get(system) ?? unknown;
}

export function isKnownSqlSystem(system: string): boolean {
  return dialects.has(system);
}
