import type { SpanIndex, TraceView } from "../model/trace-view.ts";

/** What a call is, without its values. */
export type Operation = "read" | "write" | "transaction-control" | "cursor" | "other";

/** Whether the span is a database call with a shape: it names what it runs, and is no connect or checkout. */
export function isDatabaseCall(trace: TraceView, span: SpanIndex): boolean {
  return trace.dbSystemName[span] !== "" && trace.shapeId[span] !== "0";
}

/** "SELECT products": the summary, else the start of the text, else the span's name. */
export function callLabel(trace: TraceView, span: SpanIndex): string {
  return trace.dbQuerySummary[span] || trace.dbQueryText[span]!.slice(0, 60) || trace.name[span]!;
}

/** What a database call does, by the first word of its text, or of its summary when it has no text. */
export function operationOf(trace: TraceView, span: SpanIndex): Operation {
  const text = trace.dbQueryText[span] || trace.dbQuerySummary[span]!;
  const word = firstWord.exec(text)?.[1]?.toLowerCase() ?? "";
  if (word === "with") return hidesWrite.test(text) ? "write" : "read";
  return operationByWord.get(word) ?? operationByWord.get(summaryWord(trace, span)) ?? "other";
}

/**
 * Whether the call loads a list of values already. The stored text has one placeholder for a list of any length, so
 * the length shows only in what comes back; unknown rows are taken for a list.
 */
export function isListCall(trace: TraceView, span: SpanIndex): boolean {
  const rows = trace.returnedRows[span]!;
  return listInText.test(trace.dbQueryText[span]!) && (rows < 0 || rows >= listRowsMin);
}

/** Whether the text takes values at all; without any, equal shape means the very same call. */
export function takesParameters(trace: TraceView, span: SpanIndex): boolean {
  const text = trace.dbQueryText[span]!;
  return text === "" || placeholder.test(text) || /(…|\.\.\.)$/.test(text);
}

const listRowsMin = 10;
const listInText = /\bin\s*\(\s*[^)\s]|\b(any|unnest)\s*\(|\bvalues\b|\$in\b/i;
const placeholder = /\?|\$\d|(?<!:)[:@]\w|%s|[\w:]\*/;
/** Behind brackets, quotes and comments. */
const firstWord = /^(?:\/\*.*?\*\/|--.*?\n|[\s({"])*(\w+)/s;
const hidesWrite = /\b(insert\s+into|update\s+\S+\s+set|delete\s+from)\b/i;

const words: Readonly<Record<Exclude<Operation, "other">, string>> = {
  read: `select table find findone aggregate count countdocuments distinct
    get hget hgetall hmget mget lrange smembers sismember zrange zscore exists`,
  write: `insert update delete merge replace upsert copy insertone insertmany updateone updatemany deleteone
    deletemany findandmodify findoneandupdate bulkwrite hset mset setex del incr decr expire lpush rpush sadd zadd`,
  "transaction-control": `begin start commit end rollback abort savepoint release set reset discard show
    prepare deallocate lock listen unlisten notify use pragma multi exec`,
  cursor: "declare fetch move close getmore scan hscan sscan zscan",
};

const operationByWord = new Map(
  Object.entries(words).flatMap(([operation, list]) =>
    list.split(/\s+/).map((word) => [word, operation as Operation] as const),
  ),
);

function summaryWord(trace: TraceView, span: SpanIndex): string {
  return /^\w+/.exec(trace.dbQuerySummary[span]!)?.[0].toLowerCase() ?? "";
}
