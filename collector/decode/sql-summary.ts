import { type SqlTokens, tokenKind } from "./sql-lexer.ts";

/** What a statement does, and to which tables, in the sense of `db.query.summary`. */
export interface SqlSummary {
  /** "SELECT orders customers": the operation and the tables that the statement names, in its order. */
  readonly summary: string;
  /** The first table; "" when none is named. */
  readonly collection: string;
}

/** The length that the conventions allow for `db.query.summary`; cut between words. */
const summaryLengthMax = 255;

const mainOperations = new Set(["select", "insert", "update", "delete", "merge", "replace"]);
const objectKinds = new Set(["table", "index", "view", "database", "schema", "sequence"]);
const beforeTarget = new Set([
  "from",
  "join",
  "into",
  "update",
  "table",
  "call",
  "exec",
  "execute",
]);
const betweenTargetWords = new Set(["only", "if", "not", "exists", "lateral", "low_priority"]);
const endOfFrom = new Set(["where", "group", "order", "having", "limit", "set", "union", "update"]);
const functionsWithFrom = new Set(["extract", "trim", "substring", "overlay", "position"]);

export function summarizeSql(tokens: SqlTokens): SqlSummary {
  const scan = new SummaryScan(tokens);
  const targets = [...new Set(scan.findTargets())];
  const words = [scan.findOperation(), ...targets];
  let summary = words[0]!.slice(0, summaryLengthMax);
  for (const word of words.slice(1)) {
    if (summary.length + 1 + word.length > summaryLengthMax) break;
    summary += ` ${word}`;
  }
  return { summary: summary.trim(), collection: targets[0] ?? "" };
}

class SummaryScan {
  readonly #kinds: readonly number[];
  readonly #texts: readonly string[];
  /** Depth of parentheses at which a comma leads to one more table; -1: nowhere. */
  #fromDepth = -1;
  readonly #targets: string[] = [];
  readonly #commonTables = new Set<string>();

  constructor({ kinds, texts }: SqlTokens) {
    this.#kinds = kinds;
    this.#texts = texts;
  }

  /** "SELECT", "CREATE TABLE" …; of a statement with common table expressions the one after them. */
  findOperation(): string {
    let depth = 0;
    let first = "";
    for (let i = 0; i < this.#texts.length; i++) {
      const text = this.#texts[i]!;
      if (text === "(") depth++;
      else if (text === ")") depth--;
      if (this.#kinds[i] !== tokenKind.word) continue;
      if (first === "") {
        if (text !== "with") return this.#withObjectKind(text, this.#texts[i + 1]);
        first = text;
      } else if (depth === 0 && mainOperations.has(text)) {
        return text.toUpperCase();
      }
    }
    return first.toUpperCase();
  }

  findTargets(): string[] {
    let depth = 0;
    const isFunction: boolean[] = [];
    for (let i = 0; i < this.#texts.length; i++) {
      const text = this.#texts[i]!;
      if (text === "(") {
        depth++;
        isFunction.push(functionsWithFrom.has(this.#texts[i - 1] ?? ""));
      } else if (text === ")") {
        depth--;
        isFunction.pop();
        if (depth < this.#fromDepth) this.#fromDepth = -1;
      } else if (isFunction.at(-1) !== true) {
        this.#visit(i, depth);
      }
    }
    return this.#targets.filter((target) => !this.#commonTables.has(target));
  }

  #visit(i: number, depth: number): void {
    const text = this.#texts[i]!;
    if (text === ",") {
      if (this.#fromDepth === depth) this.#addTarget(i + 1);
    } else if (this.#kinds[i] === tokenKind.word) {
      this.#visitWord(i, text, depth);
    } else if (this.#kinds[i] === tokenKind.quoted) {
      this.#noteCommonTable(i);
    }
  }

  #visitWord(i: number, word: string, depth: number): void {
    this.#noteCommonTable(i);
    if (endOfFrom.has(word) && depth === this.#fromDepth) this.#fromDepth = -1;
    if (!beforeTarget.has(word) || this.#isClause(i, word)) return;
    if (word === "from") this.#fromDepth = depth;
    this.#addTarget(i + 1);
  }

  /** `with x as (…)` makes x a name of the statement's own. */
  #noteCommonTable(i: number): void {
    const next = this.#texts[i + 1];
    if (next !== "as" || this.#texts[0] !== "with") return;
    const before = this.#texts[i - 1];
    if (before === "with" || before === "recursive" || before === ",") {
      this.#commonTables.add(unquote(this.#texts[i]!));
    }
  }

  /** `for update`, `on duplicate key update`, `do update`, `is distinct from` name no table. */
  #isClause(i: number, word: string): boolean {
    const before = this.#texts[i - 1];
    if (word === "update") return before !== undefined && before !== ")" && before !== ";";
    if (word === "from") return before === "distinct" && this.#texts[i - 2] !== "select";
    if (word === "into" || word === "join") return false;
    if (word === "table") return i > 2;
    return word !== "from" && i > 0;
  }

  #addTarget(first: number): void {
    let i = first;
    while (betweenTargetWords.has(this.#texts[i] ?? "")) i++;
    let name = "";
    while (this.#isName(i)) {
      name += unquote(this.#texts[i]!);
      if (this.#texts[i + 1] !== ".") break;
      name += ".";
      i += 2;
    }
    const before = this.#texts[first - 1];
    const isCall = this.#texts[i + 1] === "(" && before !== "into" && before !== "table";
    if (name !== "" && !isCall) this.#targets.push(name);
  }

  #isName(i: number): boolean {
    const kind = this.#kinds[i];
    if (kind === tokenKind.quoted) return true;
    return kind === tokenKind.word && this.#texts[i] !== "select" && this.#texts[i] !== "table";
  }

  #withObjectKind(word: string, next = ""): string {
    const isDefinition = word === "create" || word === "alter" || word === "drop";
    const text = isDefinition && objectKinds.has(next) ? `${word} ${next}` : word;
    return text.toUpperCase();
  }
}

function unquote(name: string): string {
  return /^["`[]/.test(name) ? name.slice(1, -1) : name;
}
