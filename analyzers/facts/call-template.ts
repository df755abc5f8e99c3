import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { oncePerText } from "./once-per-text.ts";

/** What a call does, without its values. */
export type Operation = "read" | "write" | "transaction-control" | "cursor" | "other";

/** Whether the span is a database call with a shape: it names what it runs, and is no connect or checkout. */
export function isDatabaseCall(trace: TraceView, span: SpanIndex): boolean {
  return trace.dbSystemName[span] !== "" && trace.shapeId[span] !== "0";
}

export type CallKind = "database" | "http" | "messaging" | "rpc";

/** What says what a span calls. */
export type CallColumns = Pick<
  TraceView,
  | "name"
  | "kind"
  | "shapeId"
  | "httpRequestMethod"
  | "urlTemplate"
  | "dbSystemName"
  | "dbQuerySummary"
  | "dbQueryText"
  | "messagingDestinationName"
>;

/** What a span calls; null when it calls nobody, or does not say what. In the order in which the collector decides. */
export function callKindOf(trace: CallColumns, span: SpanIndex): CallKind | null {
  if (trace.shapeId[span] === "0") return null;
  if (trace.dbSystemName[span] !== "") return "database";
  const kind = trace.kind[span];
  if (kind !== spanKind.client && kind !== spanKind.producer) return null;
  if (trace.urlTemplate[span] !== "") return "http";
  return trace.messagingDestinationName[span] === "" ? "rpc" : "messaging";
}

/** "SELECT products", "GET /products/{id}": the summary, else the start of the text, else the span's name. */
export function callLabel(trace: CallColumns, span: SpanIndex): string {
  const label = trace.dbQuerySummary[span] || trace.dbQueryText[span]!.slice(0, 60);
  if (label !== "" || callKindOf(trace, span) !== "http") return label || trace.name[span]!;
  return `${trace.httpRequestMethod[span]} ${trace.urlTemplate[span]}`.trim();
}

export function operationOf(trace: TraceView, span: SpanIndex): Operation {
  const kind = callKindOf(trace, span);
  if (kind === "http") return operationByMethod.get(trace.httpRequestMethod[span]!) ?? "other";
  if (kind === "rpc") return operationByRpcVerb.get(rpcVerb(trace, span)) ?? "read";
  if (kind !== "messaging") return operationOfQuery(trace, span);
  return trace.kind[span] === spanKind.producer ? "write" : "other";
}

/** By the first word of a database call's text, or of its summary when it has no text. */
function operationOfQuery(trace: TraceView, span: SpanIndex): Operation {
  return (
    operationOfText(trace.dbQueryText[span] || trace.dbQuerySummary[span]!) ??
    operationByWord.get(summaryWord(trace, span)) ??
    "other"
  );
}

/** null: the first word does not tell. */
const operationOfText = oncePerText((text): Operation | null => {
  const word = firstWord.exec(text)?.[1]?.toLowerCase() ?? "";
  if (word === "with") return hidesWrite.test(text) ? "write" : "read";
  return operationByWord.get(word) ?? null;
});

/**
 * Whether the call loads a list of values already. The stored text has one placeholder for a list of any length, so
 * the length shows only in what comes back; unknown rows are taken for a list.
 */
export function isListCall(trace: TraceView, span: SpanIndex): boolean {
  if (callKindOf(trace, span) === "rpc")
    return /^(batch|bulk|multi|mget)$/.test(rpcVerb(trace, span));
  const rows = trace.returnedRows[span]!;
  return (rows < 0 || rows >= listRowsMin) && hasList(trace.dbQueryText[span]!);
}

/** Whether the text takes values at all; without any, equal shape means the very same call. */
export function takesParameters(trace: TraceView, span: SpanIndex): boolean {
  return hasPlaceholder(trace.dbQueryText[span]!);
}

const hasPlaceholder = oncePerText(
  (text) => text === "" || placeholder.test(text) || /(…|\.\.\.)$/.test(text),
);
const hasList = oncePerText((text) => listInText.test(text));

const listRowsMin = 10;
const listInText = /\bin\s*\(\s*[^)\s]|\b(any|unnest)\s*\(|\bvalues\b|\$in\b|^mget\b/i;
/** The last is a command of a key-value store, whose key begins with no name: `HGETALL *`. */
const placeholder = /\?|\$\d|(?<!:)[:@]\w|%s|[\w:]\*|^[\w.]+ \*$/;
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

const operationByWord = toOperations(words);

const operationByMethod = toOperations({ read: "GET HEAD", write: "POST PUT PATCH DELETE" });

/** Of methods that are called after what they do; of any other name a read is the likelier. */
const operationByRpcVerb = toOperations({
  write: `add append cancel create delete insert patch post publish put remove replace save send set store submit
    update upload upsert write`,
  other: "check heartbeat ping poll receive subscribe watch",
});

function toOperations(lists: Readonly<Record<string, string>>): ReadonlyMap<string, Operation> {
  return new Map(
    Object.entries(lists).flatMap(([operation, list]) =>
      list.split(/\s+/).map((word) => [word, operation as Operation] as const),
    ),
  );
}

/** "get" of "catalog.Products/GetProduct" and of "S3.GetObject". */
function rpcVerb(trace: TraceView, span: SpanIndex): string {
  const method = /[^./]*$/.exec(trace.name[span]!)![0];
  return /^[A-Z]?[a-z]*/.exec(method)![0].toLowerCase();
}

function summaryWord(trace: TraceView, span: SpanIndex): string {
  return /^\w+/.exec(trace.dbQuerySummary[span]!)?.[0].toLowerCase() ?? "";
}
