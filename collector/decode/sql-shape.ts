import { queryTextBytesMax } from "./decode-limits.ts";
import { sqlDialectOf } from "./sql-dialect.ts";
import { lexSql, type SqlTokens, tokenKind } from "./sql-lexer.ts";
import { summarizeSql } from "./sql-summary.ts";

/** A query text without the values that it was written with. */
export interface QueryShape {
  /** Normalised text. Holds no literal of the original. */
  readonly text: string;
  /** As `db.query.summary`; "" when unknown. */
  readonly summary: string;
  /** As `db.collection.name`; "" when unknown. */
  readonly collection: string;
  /** False when the text couldn't be read: `text` then says only how long it was, and names no shape. */
  readonly isKnown: boolean;
}

/** What a text becomes that can't be read with certainty: it might hold a literal. */
export function unparsedShape(length: number): QueryShape {
  return { text: `<unparsed ${length}>`, summary: "", collection: "", isKnown: false };
}

/** Stands where a text was cut. */
const cutMark = "…";

/** Beyond this, lists inside lists are not collapsed: comparing their items would cost more than it tells. */
const listDepthMax = 32;

/**
 * The shape of a SQL statement, equal for statements that differ only in values:
 *
 *   SELECT * FROM t WHERE id IN (1, 2) -- page 3      select * from t where id in (?)
 *   insert into t values (1,'a'), (2,'b')             insert into t values (?, ?), …
 *
 * Each value and parameter is `?`; in PostgreSQL's dialect, where `?` is an operator, each is `$1`. Bare words are in
 * lower case, quoted identifiers as they were, comments are gone, blanks are canonical; equal neighbours in an IN list
 * are one, and so are all rows of VALUES but the first, `…`. The shape of a shape is itself.
 */
export function toSqlShape(text: string, system: string): QueryShape {
  const isCut = text.length > queryTextBytesMax;
  const tokens = lexSql(isCut ? text.slice(0, queryTextBytesMax) : text, sqlDialectOf(system));
  if (tokens.isDoubtful && !isCut) return unparsedShape(text.length);
  const collapsed = new ListCollapser(tokens).collapse(isCut);
  return { text: joinTokens(collapsed), ...summarizeSql(collapsed), isKnown: true };
}

/** An open parenthesis. Positions are indexes of the tokens kept so far. */
interface Frame {
  /** Where the list's current item begins; -1: no IN list. */
  itemStart: number;
  /** The item before: [previousStart, previousEnd). */
  previousStart: number;
  previousEnd: number;
  /** Where to cut when it closes, for a row of VALUES after the first; -1: nowhere. */
  dropFrom: number;
  readonly isRow: boolean;
}

class ListCollapser {
  readonly #tokens: SqlTokens;
  readonly #kinds: number[] = [];
  readonly #texts: string[] = [];
  readonly #frames: Frame[] = [];
  /** Index of the last token of the last row of VALUES. */
  #rowEnd = -1;

  constructor(tokens: SqlTokens) {
    this.#tokens = tokens;
  }

  collapse(isCut: boolean): SqlTokens {
    const { kinds, texts } = this.#tokens;
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i]!;
      if (kinds[i] !== tokenKind.punctuation) this.#keep(kinds[i]!, text);
      else if (text === "(") this.#open();
      else if (text === ")") this.#close();
      else this.#separate(text);
    }
    if (isCut) this.#endCut();
    return { ...this.#tokens, kinds: this.#kinds, texts: this.#texts };
  }

  /** Of a list that the cut went through only whole items stay: where it fell must not make another shape. */
  #endCut(): void {
    while (this.#frames.length > 0) {
      const { dropFrom, itemStart, previousEnd } = this.#frames.pop()!;
      if (dropFrom !== -1) this.#cut(dropFrom);
      else if (itemStart !== -1 && previousEnd !== -1) this.#cut(previousEnd);
    }
    if (this.#texts.at(-1) === "," && this.#rowEnd === this.#texts.length - 2) {
      this.#cut(this.#rowEnd + 1);
    }
    const last = this.#texts.length - 1;
    if (this.#texts[last] === cutMark && this.#rowEnd === last) this.#cut(last - 1);
    this.#keep(tokenKind.word, cutMark);
  }

  #open(): void {
    const texts = this.#texts;
    const last = texts.length - 1;
    const isNextRow = texts[last] === "," && this.#rowEnd === last - 1 && last > 0;
    const isList = texts[last] === "in" && this.#frames.length < listDepthMax;
    this.#keep(tokenKind.punctuation, "(");
    this.#frames.push({
      itemStart: isList ? texts.length : -1,
      previousStart: -1,
      previousEnd: -1,
      dropFrom: isNextRow ? last : -1,
      isRow: isNextRow || texts[last] === "values",
    });
  }

  #close(): void {
    const frame = this.#frames.pop();
    if (frame !== undefined) this.#endItem(frame);
    this.#keep(tokenKind.punctuation, ")");
    if (frame === undefined) return;
    if (frame.dropFrom !== -1) this.#foldRow(frame.dropFrom);
    if (frame.isRow) this.#rowEnd = this.#texts.length - 1;
  }

  /** One row says what is written, and a mark that there were more. */
  #foldRow(from: number): void {
    this.#cut(from);
    if (this.#texts.at(-1) === cutMark) return;
    this.#keep(tokenKind.punctuation, ",");
    this.#keep(tokenKind.word, cutMark);
  }

  #separate(text: string): void {
    const frame = text === "," ? this.#frames.at(-1) : undefined;
    if (frame !== undefined) this.#endItem(frame);
    this.#keep(tokenKind.punctuation, text);
    if (frame !== undefined && frame.itemStart !== -1) frame.itemStart = this.#texts.length;
  }

  /** Drops the item that just ended, and the comma before it, if it equals the one before. */
  #endItem(frame: Frame): void {
    if (frame.itemStart === -1) return;
    if (this.#equalsPrevious(frame)) {
      this.#cut(frame.previousEnd);
    } else {
      frame.previousStart = frame.itemStart;
      frame.previousEnd = this.#texts.length;
    }
  }

  #equalsPrevious({ itemStart, previousStart, previousEnd }: Frame): boolean {
    const length = this.#texts.length - itemStart;
    if (previousStart === -1 || previousEnd - previousStart !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#texts[previousStart + i] !== this.#texts[itemStart + i]) return false;
    }
    return true;
  }

  #keep(kind: number, text: string): void {
    this.#kinds.push(kind);
    this.#texts.push(text);
  }

  #cut(length: number): void {
    this.#kinds.length = length;
    this.#texts.length = length;
  }
}

/** After these words a parenthesis is no call's. */
const wordsBeforeParenthesis = new Set(
  "in values and or not where on as from select join using over by having when then else union all except intersect set".split(
    " ",
  ),
);

function joinTokens({ kinds, texts }: SqlTokens): string {
  const pieces: string[] = [];
  for (let i = 0; i < texts.length; i++) {
    if (i > 0 && isSpaced(kinds, texts, i)) pieces.push(" ");
    pieces.push(texts[i]!);
  }
  return pieces.join("");
}

/** Whether a blank stands before token `i`. Depends on the two tokens alone, so that it survives another pass. */
function isSpaced(kinds: readonly number[], texts: readonly string[], i: number): boolean {
  const before = texts[i - 1]!;
  // `: ::` would be read as `:: :`.
  if (before === ":") return true;
  if (kinds[i - 1] === tokenKind.punctuation && /^(?:[([.]|::)$/.test(before)) return false;
  if (kinds[i] !== tokenKind.punctuation) return true;
  // In brackets `]]` is an escaped bracket.
  if (texts[i] === "]") return kinds[i - 1] === tokenKind.quoted;
  if (/^(?:[),.;]|::)$/.test(texts[i]!)) return false;
  const isAfterName = kinds[i - 1] === tokenKind.word || kinds[i - 1] === tokenKind.quoted;
  if (texts[i] === "(") return !isAfterName || wordsBeforeParenthesis.has(before);
  return texts[i] !== "[" || !isAfterName;
}
