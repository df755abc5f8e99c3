/** A SQL text without its values, and the words that say what it does. */
export interface ScannedSql {
  /** Literals are the placeholder, comments a blank; everything else is as it was. */
  readonly text: string;
  /** Words, quoted names (with their quotes) and the punctuation `( ) , . ;` in their order; the first `tokensMax`. */
  readonly tokens: readonly string[];
}

export interface SqlDialect {
  /** What a literal becomes: in PostgreSQL `?` is an operator. */
  readonly placeholder: string;
  /** MySQL escapes with a backslash, and writes strings in double quotes too. */
  readonly isMysql: boolean;
}

export const postgresql: SqlDialect = { placeholder: "$0", isMysql: false };

/** The collector reads 32,768 characters of a query. */
const sqlCharactersMax = 40_000;
const tokensMax = 2_000;

/**
 * Reads a text once, from its start to its end; what follows the first character of a token is found by `indexOf` or by
 * a walk over it, so the time is linear in the text's length, whatever it holds. An unterminated string hides the rest.
 */
export function scanSql(sql: string, dialect: SqlDialect): ScannedSql {
  const source = sql.length > sqlCharactersMax ? sql.slice(0, sqlCharactersMax) : sql;
  const tokens: string[] = [];
  let text = "";
  let copiedTo = 0;
  let at = 0;
  while (at < source.length) {
    const end = endOfToken(source, at, dialect);
    const replacement = replacementFor(source, at, dialect);
    if (replacement !== undefined) {
      text += source.slice(copiedTo, at - signBefore(source, at)) + replacement;
      copiedTo = end;
    } else if (tokens.length < tokensMax && isKept(source.charCodeAt(at))) {
      tokens.push(source.slice(at, end));
    }
    at = end;
  }
  return { text: copiedTo === 0 ? source : text + source.slice(copiedTo), tokens };
}

/** 1 when the sign before a number is its own, as in `= -1`; in `a -1` it is an operator. */
function signBefore(source: string, at: number): number {
  const sign = source[at - 1];
  if (!isDigit(source[at]) || (sign !== "-" && sign !== "+")) return 0;
  let before = at - 2;
  while (before >= 0 && source[before] === " ") before -= 1;
  return before >= 0 && "=<>(,*/%|".includes(source[before]!) ? 1 : 0;
}

function endOfToken(source: string, at: number, { isMysql }: SqlDialect): number {
  const first = source[at]!;
  if (isWordStart(first)) return endOfWord(source, at, isMysql);
  if (isDigit(first)) return endOfNumber(source, at);
  if (first === "'") return endOfQuoted(source, at, "'", isMysql);
  if (first === '"' || first === "`") return endOfQuoted(source, at, first, isMysql);
  if (first === "$") return endOfDollar(source, at);
  if (source.startsWith("--", at) || (isMysql && first === "#")) {
    return indexAfter(source, "\n", at);
  }
  return source.startsWith("/*", at) ? indexAfter(source, "*/", at + 2) : at + 1;
}

/** Undefined when the token that begins here stays as it is. */
function replacementFor(source: string, at: number, dialect: SqlDialect): string | undefined {
  const first = source[at]!;
  if (first === "'" || isDigit(first)) return dialect.placeholder;
  if (first === '"') return dialect.isMysql ? dialect.placeholder : undefined;
  if (isWordStart(first))
    return isEscapeString(source, at, dialect) ? dialect.placeholder : undefined;
  if (first === "$") return isDollarQuote(source, at) ? dialect.placeholder : undefined;
  const isComment =
    source.startsWith("--", at) ||
    source.startsWith("/*", at) ||
    (dialect.isMysql && first === "#");
  return isComment ? " " : undefined;
}

function isKept(code: number): boolean {
  const character = String.fromCharCode(code);
  return isWordStart(character) || '("`),.;'.includes(character);
}

function isWordStart(character: string): boolean {
  return /[A-Za-z_\u0080-\uffff]/.test(character);
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= "0" && character <= "9";
}

function endOfWord(source: string, at: number, isMysql: boolean): number {
  let end = at + 1;
  while (end < source.length && /[\w$\u0080-\uffff]/.test(source[end]!)) end += 1;
  // E'…' is a string with backslashes; other prefixes (N, B, X, U&) only stand before one.
  const isEscape = !isMysql && end === at + 1 && /e/i.test(source[at]!) && source[end] === "'";
  return isEscape ? endOfQuoted(source, end, "'", true) : end;
}

function isEscapeString(source: string, at: number, { isMysql }: SqlDialect): boolean {
  return !isMysql && /e/i.test(source[at]!) && source[at + 1] === "'";
}

function endOfNumber(source: string, at: number): number {
  let end = at + 1;
  for (; end < source.length; end += 1) {
    if (/[\w.]/.test(source[end]!)) continue;
    const isExponent = /e/i.test(source[end - 1]!) && /[+-]/.test(source[end]!);
    if (!isExponent || !isDigit(source[end + 1])) break;
  }
  return end;
}

/** A doubled quote is one of the text's own. */
function endOfQuoted(source: string, at: number, quote: string, hasBackslash: boolean): number {
  for (let end = at + 1; end < source.length; end += 1) {
    if (source[end] === "\\" && hasBackslash) end += 1;
    else if (source[end] === quote) {
      if (source[end + 1] !== quote) return end + 1;
      end += 1;
    }
  }
  return source.length;
}

const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]{0,63})?\$/y;

function isDollarQuote(source: string, at: number): boolean {
  dollarTag.lastIndex = at;
  return dollarTag.test(source);
}

/** `$1` is a parameter and stays; `$tag$ … $tag$` is a string. */
function endOfDollar(source: string, at: number): number {
  dollarTag.lastIndex = at;
  const tag = dollarTag.exec(source)?.[0];
  if (tag !== undefined) return indexAfter(source, tag, at + tag.length);
  let end = at + 1;
  while (isDigit(source[end])) end += 1;
  return end;
}

function indexAfter(source: string, text: string, from: number): number {
  const index = source.indexOf(text, from);
  return index === -1 ? source.length : index + text.length;
}
