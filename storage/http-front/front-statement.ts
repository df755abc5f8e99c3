/** A request of ClickHouse's HTTP protocol, read: what is to be run, and how its result is written. */
export interface FrontStatement {
  readonly sql: string;
  /** "": the default one. */
  readonly database: string;
  /** Of the result, by ClickHouse's name, where the statement has no FORMAT clause. */
  readonly format: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Values of the `{name:Type}` in `sql`, escaped as ClickHouse's table formats escape. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The file with the rows of an INSERT. */
  readonly dataFile?: string;
}

/** A refusal in ClickHouse's words: its number and name of the error. */
export class FrontError extends Error {
  constructor(code: number, name: string, reason: string) {
    super(`Code: ${code}. DB::Exception: ${reason}. (${name})`);
  }
}

const formatClause = /\bFORMAT\s+(\w+)\s*;?\s*$/i;

/** The format that the statement itself asks for; undefined: none. */
export function formatOf(sql: string): string | undefined {
  return formatClause.exec(sql)?.[1];
}
