import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callKindOf } from "./call-template.ts";
import { oncePerText } from "./once-per-text.ts";
import type { RepeatedCalls } from "./repeated-calls.ts";

/** Whether a query asks for what is behind a key: the last one that its caller has seen. */
export function asksForNewer(trace: TraceView, call: SpanIndex): boolean {
  return pagingOf(trace.dbQueryText[call]!).goesOn;
}

/** Whether repeated reads are the pages, or the ranges, of one long answer: there is no list of keys to gather. */
export function isPagination(trace: TraceView, calls: RepeatedCalls): boolean {
  const kind = callKindOf(trace, calls.spans[0]!);
  if (kind === "database") return isPagedQuery(trace, calls);
  return kind === "http" && isPagedRequest(trace, calls);
}

/** What the parameters are called that ask for the next part of one answer: of `nextToken`, `per_page` a word. */
const pagingWords = new Set(
  "page offset after before cursor start since until skip next continuation marker token limit".split(
    " ",
  ),
);

/**
 * One after the other, with a parameter that is called like a page: pages as likely as rows, unless a driver tells.
 * Where not even the names of the query are known, they may be pages, or the very same call.
 */
function isPagedRequest(
  trace: TraceView,
  { spans, driver, mode, distinctParams }: RepeatedCalls,
): boolean {
  if (driver !== null) return false;
  const template = trace.urlTemplate[spans[0]!]!;
  if (/\bpage\/\{/i.test(template)) return true;
  const [path, names] = template.split("?");
  if (path!.includes("{")) return false;
  if (names === undefined) return distinctParams === null || mode !== "concurrent";
  const words = names.split(/(?=[A-Z])|[&_.-]/);
  return mode !== "concurrent" && words.some((word) => pagingWords.has(word.toLowerCase()));
}

/** A page is more than some rows, and a range of keys that is worth a query of its own many. */
const pageRowsMin = 10;
const rangeRowsMin = 100;

/**
 * `WHERE id > $1 ORDER BY id LIMIT 1000`, `LIMIT $1 OFFSET $2`, `WHERE id BETWEEN $1 AND $2`. What brings less is looked up,
 * such as the price that was valid on a day. Of unknown rows the text alone tells.
 */
function isPagedQuery(trace: TraceView, { spans, mode }: RepeatedCalls): boolean {
  const paging = pagingOf(trace.dbQueryText[spans[0]!]!);
  const rows = spans.map((span) => trace.returnedRows[span]! / trace.repeats[span]!);
  const median = rows.toSorted((a, b) => a - b)[rows.length >> 1]!;
  if (paging.isRange && median >= rangeRowsMin) return true;
  // Behind the last key of the page before: that has to be there.
  const goesOn = paging.goesOn && paging.hasLimit && mode === "sequential";
  if (!goesOn && !paging.hasOffset) return false;
  if (paging.hasKey) return arePagesOfOne(rows);
  return median < 0 || median >= pageRowsMin;
}

/** What is compared with a key may be a list for each row. But such lists are not all full up to the last, which is not. */
function arePagesOfOne(rows: readonly number[]): boolean {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  return first >= pageRowsMin && last < first && rows.slice(0, -1).every((n) => n === first);
}

interface Paging {
  readonly hasOffset: boolean;
  /** Compared with `<` or `>`, not with `<=`: behind the last key of the page before. */
  readonly goesOn: boolean;
  readonly isRange: boolean;
  readonly hasLimit: boolean;
  /** Something is compared with `=`, too. */
  readonly hasKey: boolean;
}

const value = String.raw`(\?|\$\d+|[:@]\w+|%s)`;
const offset = new RegExp(String.raw`\boffset\s+${value}|\blimit\s+${value}\s*,`, "i");
const behindKey = new RegExp(String.raw`[^<>=!-][<>]\s*\(?\s*${value}|\$[gl]t\b`, "i");
const between = new RegExp(String.raw`\bbetween\s+${value}\s+and\b`, "i");
const from = new RegExp(String.raw`[^<>=!-]>=?\s*${value}|\$gte?\b`, "i");
const to = new RegExp(String.raw`[^<>=!-]<=?\s*${value}|\$lte?\b`, "i");
const limit = /\blimit\b|\bfetch\s+(first|next)\b|\bselect\s+(distinct\s+)?top\b/i;
// Not `$0`, which was a literal. Of a document's fields nobody knows which is which.
const key = /^[[{]|[^<>!=]=\s*(\?|\$[1-9]|[:@]\w+|%s)(?!\s*=)/i;

const pagingOf = oncePerText(
  (text): Paging => ({
    hasOffset: offset.test(text),
    goesOn: behindKey.test(text),
    isRange: between.test(text) || (from.test(text) && to.test(text)),
    hasLimit: limit.test(text),
    hasKey: key.test(text),
  }),
);
