import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { isDatabaseCall, operationOf } from "./call-template.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** The collections of a summary that is as long as this may have lost some. */
const summaryLengthMax = 240;
const safeMethod = /^(GET|HEAD|OPTIONS|)$/;
const pureOperations: ReadonlySet<string> = new Set(["read", "cursor", "transaction-control"]);

/** Whether a query locks, counts up, or answers something else each time that it runs. */
export function hasEffects(trace: TraceView, span: SpanIndex): boolean {
  return textHasEffects(trace.dbQueryText[span]!);
}

/** Whether a query locks, notifies or changes its session, so that what comes after it may need it to be done. */
export function actsOnOthers(trace: TraceView, span: SpanIndex): boolean {
  return textActs(trace.dbQueryText[span]!);
}

/** `SELECT f($1)`: nothing but a function, and nobody knows what it does. */
export function readsNoTable(trace: TraceView, span: SpanIndex): boolean {
  return textReadsNoTable(trace.dbQueryText[span]!);
}

/** Database calls that may change what a later read returns, by start. */
export const databaseChanges = oncePerTrace((trace): readonly SpanIndex[] =>
  spansOf(
    trace,
    (span) =>
      isDatabaseCall(trace, span) &&
      (!pureOperations.has(operationOf(trace, span)) || hasEffects(trace, span)),
  ),
);

/** Calls to other services that may have something changed there. */
export function remoteChanges(trace: TraceView): SpanIndex[] {
  return spansOf(
    trace,
    (span) =>
      trace.kind[span] === spanKind.producer ||
      (trace.kind[span] === spanKind.client && !safeMethod.test(trace.httpRequestMethod[span]!)),
  );
}

/** Whether the change may touch what the read reads; what is not known may. Of services it is all of one host's. */
export function touchesSame(trace: TraceView, change: SpanIndex, read: SpanIndex): boolean {
  if (trace.dbSystemName[change] !== trace.dbSystemName[read]) return false;
  if (trace.dbSystemName[read] === "") {
    return trace.serverAddress[change] === trace.serverAddress[read];
  }
  const changed = collectionsOf(trace, change);
  const wanted = collectionsOf(trace, read);
  if (changed.size === 0 || wanted.size === 0) return true;
  return [...changed].some((name) => wanted.has(name));
}

/** "SELECT shop.orders items": orders, items. Without schema, for a table may be named with and without it. */
function collectionsOf(trace: TraceView, span: SpanIndex): ReadonlySet<string> {
  const summary = trace.dbQuerySummary[span]!;
  if (summary.length >= summaryLengthMax) return new Set();
  const names = summary.split(" ").slice(1);
  return new Set(names.map((name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase()));
}

function spansOf(trace: TraceView, isWanted: (span: SpanIndex) => boolean): SpanIndex[] {
  const found: SpanIndex[] = [];
  for (let span = 0; span < trace.size; span++) if (isWanted(span)) found.push(span);
  return found;
}

/** What a query does to others: it locks, notifies, counts up, ends a session, or changes its own. */
const acts = new RegExp(
  [
    String.raw`\bfor\s+(no\s+key\s+)?(key\s+)?(update|share)\b|\block\s+in\s+share\s+mode\b`,
    String.raw`\b(nextval|setval|set_config|\w+_lock|pg_notify|pg_export_snapshot)\s*\(`,
    String.raw`\bpg_(try_advisory|advisory|cancel|terminate|replication|logical)_\w+\s*\(`,
  ].join("|"),
  "i",
);
/** What answers something else each time that it runs, or takes its time on purpose; of PostgreSQL's own functions many do. */
const varies = new RegExp(
  [
    String.raw`\bcurrent_timestamp\b|\blocaltimestamp\b|\bsysdate\b`,
    String.raw`\b(currval|lastval|now|\w+_timestamp|timeofday|getdate|sysdatetime)\s*\(`,
    String.raw`\b(pg_\w+|sleep|benchmark)\s*\(`,
    String.raw`\b(random\w*|rand|newid|uuid\w*|\w+_uuid\w*|last_insert_id|row_count|found_rows)\s*\(`,
  ].join("|"),
  "i",
);
const textActs = oncePerText((text) => acts.test(text));
const textHasEffects = oncePerText((text) => acts.test(text) || varies.test(text));
const textReadsNoTable = oncePerText((text) => /^select\b/i.test(text) && !/\bfrom\b/i.test(text));
