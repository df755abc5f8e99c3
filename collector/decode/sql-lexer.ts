import type { SqlDialect } from "./sql-dialect.ts";

export const tokenKind = { word: 0, quoted: 1, value: 2, operator: 3, punctuation: 4 } as const;

/** Tokens as parallel arrays. Words are in lower case, values are the dialect's placeholder, comments are gone. */
export interface SqlTokens {
  readonly kinds: number[];
  readonly texts: string[];
  /** Where the text ends inside a string, comment or quoted identifier, or can't be told from one. */
  readonly isDoubtful: boolean;
}

/** One pass, each character looked at a bounded number of times. Never throws. */
export function lexSql(text: string, dialect: SqlDialect): SqlTokens {
  const lexer = new SqlLexer(text, dialect);
  const isComplete = lexer.run();
  return { kinds: lexer.kinds, texts: lexer.texts, isDoubtful: !isComplete };
}

const operatorCharacters = "+-*/<>=~!%^&|";

/** Bounds how often a run of signs is read again, each sign being a token. */
const operatorLengthMax = 16;

/** An operator of these may end in a sign (PostgreSQL's rule); in any other the sign belongs to what follows. */
const signKeepers = /[~!@#%^&|]/;

/** A literal's prefix, as in `N'…'`, belongs to the literal. */
const literalPrefixes = new Set(["n", "b", "x", "e"]);

class SqlLexer {
  readonly kinds: number[] = [];
  readonly texts: string[] = [];
  readonly #text: string;
  readonly #dialect: SqlDialect;
  #at = 0;

  constructor(text: string, dialect: SqlDialect) {
    this.#text = text;
    this.#dialect = dialect;
  }

  /** False when the text ends inside something. */
  run(): boolean {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      let isRead = true;
      if (code <= 32) this.#at++;
      else if (isWordStart(code)) isRead = this.#readWord();
      else if (isDigit(code) || (code === 46 && this.#isFraction())) this.#readNumber();
      else isRead = this.#readOther(text[this.#at]!);
      if (!isRead) return false;
    }
    return true;
  }

  #readOther(character: string): boolean {
    switch (character) {
      case "'":
        return this.#readString("'", this.#dialect.backslash === "escapes");
      case '"':
        return this.#readDoubleQuoted();
      case "`":
        return this.#readQuoted("`");
      case "[":
        return this.#dialect.hasBrackets ? this.#readQuoted("]") : this.#push("[", 1);
      case "$":
        return this.#readDollar();
      case ":":
        return this.#readColon();
      case "?":
        return this.#readQuestionMark();
      case "@":
        return this.#readAt();
      case "#":
        if (this.#dialect.hasHashComments) return !this.#dialect.isGuess && this.#skipLine();
        return this.#isPostgres() ? this.#readOperator() : this.#readWord();
      default:
        return this.#isCommentStart(this.#at) ? this.#skipComment() : this.#readOperator();
    }
  }

  #readWord(): boolean {
    const text = this.#text;
    const start = this.#at++;
    while (isWordPart(text.charCodeAt(this.#at))) this.#at++;
    const word = text.slice(start, this.#at).toLowerCase();
    if (text[this.#at] === "'") {
      if (literalPrefixes.has(word)) return this.#readPrefixedString(word);
      // Oracle's q'[it's]' has its own rules of quoting.
      if (word === "q" || word === "nq") return false;
    }
    // A savepoint's name is generated: it would make a shape of its own each time.
    const isName = this.texts.at(-1) === "savepoint";
    this.#add(isName ? tokenKind.value : tokenKind.word, isName ? this.#dialect.placeholder : word);
    return true;
  }

  #readPrefixedString(prefix: string): boolean {
    const hasEscapes = prefix === "e" && this.#isPostgres();
    return this.#readString("'", hasEscapes || this.#dialect.backslash === "escapes");
  }

  #readNumber(): void {
    const text = this.#text;
    const isHex = /^0x/i.test(text.slice(this.#at, this.#at + 2));
    this.#at++;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      const isExponentSign =
        (code === 43 || code === 45) && !isHex && /e/i.test(text[this.#at - 1]!);
      if (!isWordPart(code) && code !== 46 && !isExponentSign) break;
      this.#at++;
    }
    this.#dropSign();
    this.#addValue();
  }

  /** `= -1` is one value, `a - 1` is not. */
  #dropSign(): void {
    const sign = this.texts.at(-1);
    if ((sign !== "-" && sign !== "+") || !this.#isOperandAfter(this.texts.length - 2)) return;
    this.texts.pop();
    this.kinds.pop();
  }

  /** Whether a token begins an operand when it follows the token at `index`. */
  #isOperandAfter(index: number): boolean {
    const kind = this.kinds[index];
    if (kind === tokenKind.operator) return true;
    const text = this.texts[index];
    return kind === tokenKind.punctuation && text !== ")" && text !== "]";
  }

  #readString(quote: string, hasEscapes: boolean): boolean {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at++) {
      const character = text[at];
      if (character === "\\" && (hasEscapes || this.#dialect.isGuess)) {
        if (!hasEscapes && text[at + 1] === quote) return false;
        at++;
      } else if (character === quote) {
        if (text[at + 1] !== quote) {
          this.#at = at + 1;
          this.#addValue();
          return true;
        }
        at++;
      }
    }
    return false;
  }

  #readDoubleQuoted(): boolean {
    if (this.#dialect.doubleQuote === "identifier") return this.#readQuoted('"');
    return this.#readString('"', this.#dialect.backslash === "escapes");
  }

  #readQuoted(quote: string): boolean {
    const text = this.#text;
    let end = text.indexOf(quote, this.#at + 1);
    while (end !== -1 && text[end + 1] === quote) end = text.indexOf(quote, end + 2);
    if (end === -1) return false;
    this.#add(tokenKind.quoted, text.slice(this.#at, end + 1));
    this.#at = end + 1;
    return true;
  }

  /** A dollar-quoted string, a parameter, or money. */
  #readDollar(): boolean {
    const text = this.#text;
    let at = this.#at + 1;
    while (isWordPart(text.charCodeAt(at)) && text[at] !== "$") at++;
    const isTag = text[at] === "$" && !isDigit(text.charCodeAt(this.#at + 1));
    if (this.#dialect.hasDollarQuotes && isTag) {
      const tag = text.slice(this.#at, at + 1);
      const end = text.indexOf(tag, at + 1);
      if (end === -1) return false;
      this.#at = end + tag.length;
    } else {
      if (at === this.#at + 1) return this.#push("$", 1);
      this.#at = at;
    }
    this.#addValue();
    return true;
  }

  #readColon(): boolean {
    const text = this.#text;
    const next = text[this.#at + 1];
    if (next === ":" || next === "=") return this.#push(`:${next}`, 2);
    if (this.#isPostgres() || !isWordPart(text.charCodeAt(this.#at + 1))) return this.#push(":", 1);
    return this.#readVariable();
  }

  /** PostgreSQL has operators of `?`; there it is a parameter only where an operand stands. */
  #readQuestionMark(): boolean {
    const isOperand = this.#isOperandAfter(this.texts.length - 1);
    if (this.#isPostgres() && !isOperand) return this.#readOperator();
    this.#at++;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    this.#addValue();
    return true;
  }

  #readAt(): boolean {
    return this.#isPostgres() ? this.#readOperator() : this.#readVariable();
  }

  /** `:name`, `@name`, `@@name`: a value that stands elsewhere. */
  #readVariable(): boolean {
    const text = this.#text;
    this.#at++;
    while (text[this.#at] === "@") this.#at++;
    while (isWordPart(text.charCodeAt(this.#at))) this.#at++;
    this.#addValue();
    return true;
  }

  #readOperator(): boolean {
    const text = this.#text;
    const characters = this.#isPostgres() ? `${operatorCharacters}@#` : operatorCharacters;
    const start = this.#at;
    let end = start + 1;
    if (!characters.includes(text[start]!) && text[start] !== "?")
      return this.#push(text[start]!, 1);
    const last = Math.min(text.length, start + operatorLengthMax);
    while (end < last && this.#continuesOperator(characters, start, end)) end++;
    if (!signKeepers.test(text.slice(start, end))) {
      while (end > start + 1 && (text[end - 1] === "-" || text[end - 1] === "+")) end--;
    }
    if (text.slice(start, end) === "%" && this.#isPythonParameter(end))
      return this.#readPython(end);
    this.#add(tokenKind.operator, text.slice(start, end));
    this.#at = end;
    return true;
  }

  #continuesOperator(characters: string, start: number, at: number): boolean {
    // Two dashes might be a comment once a blank is written after them.
    if (this.#isCommentStart(at) || this.#text.startsWith("--", at)) return false;
    const isJsonPath = this.#text[at] === "?" && this.#text[start] === "@";
    return isJsonPath || characters.includes(this.#text[at]!);
  }

  /** `%s` and `%(name)s`, as Python's drivers write a parameter. */
  #isPythonParameter(at: number): boolean {
    const last = this.kinds.at(-1);
    if (last === tokenKind.value || last === tokenKind.quoted) return false;
    return /^(?:\(\w{1,63}\))?s(?!\w)/.test(this.#text.slice(at, at + 68));
  }

  #readPython(at: number): boolean {
    this.#at =
      this.#text.indexOf("s", this.#text[at] === "(" ? this.#text.indexOf(")", at) : at) + 1;
    this.#addValue();
    return true;
  }

  #isCommentStart(at: number): boolean {
    const text = this.#text;
    if (text[at] === "/") return text[at + 1] === "*";
    if (text[at] !== "-" || text[at + 1] !== "-") return false;
    return !this.#dialect.hasSpacedDashes || !(text.charCodeAt(at + 2) > 32);
  }

  #skipComment(): boolean {
    return this.#text[this.#at] === "-" ? this.#skipLine() : this.#skipBlock();
  }

  #skipLine(): boolean {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end === -1 ? this.#text.length : end + 1;
    return true;
  }

  #skipBlock(): boolean {
    const { isGuess, nestsComments } = this.#dialect;
    const text = this.#text;
    const mark = /\/\*|\*\//g;
    mark.lastIndex = this.#at;
    let depth = 0;
    for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
      const isEnd = found[0] === "*/";
      if (!isEnd && depth > 0 && isGuess) return false;
      if (isEnd) depth--;
      else if (depth === 0 || nestsComments) depth++;
      if (depth > 0) continue;
      this.#at = mark.lastIndex;
      return true;
    }
    return false;
  }

  #isFraction(): boolean {
    const last = this.kinds.at(-1);
    const isAfterName = last === tokenKind.word || last === tokenKind.quoted;
    return !isAfterName && isDigit(this.#text.charCodeAt(this.#at + 1));
  }

  #isPostgres(): boolean {
    return this.#dialect.placeholder === "$1";
  }

  #push(text: string, length: number): boolean {
    this.#at += length;
    this.#add(tokenKind.punctuation, text);
    return true;
  }

  #addValue(): void {
    this.#add(tokenKind.value, this.#dialect.placeholder);
  }

  #add(kind: number, text: string): void {
    this.kinds.push(kind);
    this.texts.push(text);
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code > 127;
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code) || code === 36;
}
