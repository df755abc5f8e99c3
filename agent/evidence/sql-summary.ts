/** What a statement does, and to which tables, in the sense of `db.query.summary`. */
export interface SqlSummary {
  /** In capitals; "" of an empty text. */
  readonly operation: string;
  /** "SELECT orders customers". */
  readonly summary: string;
  /** The first table; "" when none is named. */
  readonly collection: string;
}

/** The length that the conventions allow. */
const summaryCharactersMax = 255;

const mainOperations = new Set(["select", "insert", "update", "delete", "merge", "replace"]);
const objectKinds = new Set(["table", "index", "view", "database", "schema", "sequence"]);
const beforeTable = new Set(["from", "join", "into", "update", "table"]);
const noTable = new Set(["only", "lateral", "if", "not", "exists", "select", "unnest"]);
const endOfFrom = new Set("where group order having limit set union returning on using".split(" "));
/** extract(year FROM at): this FROM names no table. */
const functionsWithFrom = new Set(["extract", "trim", "substring", "overlay", "position"]);

/** Of the tokens that `scanSql` returns. */
export function summarizeSql(tokens: readonly string[]): SqlSummary {
  const words = tokens.map((token) => token.toLowerCase());
  const operation = findOperation(words);
  const tables = [...new Set(findTables(tokens, words))];
  let summary = operation;
  for (const table of tables) {
    if (summary.length + 1 + table.length > summaryCharactersMax) break;
    summary += ` ${table}`;
  }
  return {
    operation: operation.split(" ", 1)[0]!,
    summary: summary.slice(0, summaryCharactersMax),
    collection: tables[0] ?? "",
  };
}

function findOperation(words: readonly string[]): string {
  const first = words.find((word) => /^\w/.test(word)) ?? "";
  const main = first === "with" ? operationAfterCommonTables(words) : undefined;
  if (main !== undefined) return main.toUpperCase();
  const next = words[words.indexOf(first) + 1];
  const hasKind = next !== undefined && objectKinds.has(next) && !mainOperations.has(first);
  return (hasKind ? `${first} ${next}` : first).toUpperCase();
}

function operationAfterCommonTables(words: readonly string[]): string | undefined {
  let depth = 0;
  return words.find((word) => {
    if (word === "(") depth += 1;
    else if (word === ")") depth -= 1;
    return depth === 0 && mainOperations.has(word);
  });
}

/** Follows parentheses: whose they are, and in which the tables of a FROM are listed. */
class FromClause {
  readonly #callers: string[] = [];
  #depth = -1;

  /** Whether a table's name follows this word. */
  visit(words: readonly string[], at: number): boolean {
    const word = words[at]!;
    if (word === "(") this.#callers.push(words[at - 1] ?? "");
    else if (word === ")") this.#callers.pop();
    const depth = this.#callers.length;
    if (depth < this.#depth || (depth === this.#depth && endOfFrom.has(word))) this.#depth = -1;
    if (functionsWithFrom.has(this.#callers.at(-1) ?? "")) return false;
    if (word === ",") return depth === this.#depth;
    if (!isBeforeTable(words, at)) return false;
    if (word === "from") this.#depth = depth;
    return true;
  }
}

function findTables(tokens: readonly string[], words: readonly string[]): string[] {
  const tables: string[] = [];
  const own = namesOfCommonTables(tokens, words);
  const clause = new FromClause();
  for (let i = 0; i < words.length; i += 1) {
    if (!clause.visit(words, i)) continue;
    const table = nameAt(tokens, words, i + 1);
    if (table !== "" && !own.has(table)) tables.push(table);
  }
  return tables;
}

/** `FOR UPDATE`, `ON DUPLICATE KEY UPDATE` and `IS DISTINCT FROM` name no table. */
function isBeforeTable(words: readonly string[], at: number): boolean {
  const word = words[at]!;
  if (!beforeTable.has(word)) return false;
  const before = words[at - 1];
  if (word === "update") return before === undefined || before === ")" || before === ";";
  if (word === "from") return before !== "distinct" || words[at - 2] === "select";
  return word !== "table" || at <= 2;
}

/** WITH x AS (…): x is the statement's own. */
function namesOfCommonTables(tokens: readonly string[], words: readonly string[]): Set<string> {
  const names = new Set<string>();
  if (words[0] !== "with") return names;
  for (let i = 1; i < words.length; i += 1) {
    const before = words[i - 1]!;
    const isName = before === "with" || before === "recursive" || before === ",";
    if (isName && words[i + 1] === "as") names.add(unquote(tokens[i]!));
  }
  return names;
}

/** A name with its schema; bare words in lower case. "" when there is none. */
function nameAt(tokens: readonly string[], words: readonly string[], from: number): string {
  let i = from;
  while (noTable.has(words[i] ?? "")) i += 1;
  const parts: string[] = [];
  while (/^[\w"`\u0080-\uffff]/.test(words[i] ?? "")) {
    parts.push(unquote(tokens[i]!));
    if (words[i + 1] !== ".") break;
    i += 2;
  }
  // A function that returns rows.
  return words[i + 1] === "(" && !/^(?:into|table)$/.test(words[from - 1]!) ? "" : parts.join(".");
}

function unquote(token: string): string {
  return /^["`]/.test(token) ? token.slice(1, -1) : token.toLowerCase();
}
