import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callLabel } from "./call-template.ts";

/** What to do so that writes of one row each become one write: steps for this very call, most important first. */
export function bulkFix(trace: TraceView, call: SpanIndex): readonly string[] {
  const label = callLabel(trace, call);
  const system = trace.dbSystemName[call]!;
  const apart =
    "If one row may fail without the others, write in chunks, and fall back to single rows only for a chunk that failed.";
  if (system === "mongodb") {
    return [`Gather the documents and run ${label} once, with insertMany() or bulkWrite().`, apart];
  }
  return [
    `Gather the rows first and run ${label} once: ${bulkForm(operationWord(trace, call), system)}.`,
    "Write thousands of rows in chunks of about 1,000, in one transaction.",
    apart,
  ];
}

function operationWord(trace: TraceView, call: SpanIndex): string {
  const text = trace.dbQuerySummary[call] || trace.dbQueryText[call]!;
  return /\b(update|delete)\b/i.exec(text)?.[0].toLowerCase() ?? "insert";
}

function bulkForm(operation: string, system: string): string {
  const isPostgresql = system === "postgresql";
  if (operation === "delete") return isPostgresql ? "WHERE id = ANY($1)" : "WHERE id IN (…)";
  if (operation === "update") {
    return isPostgresql
      ? "UPDATE … FROM unnest($1, $2) AS row (id, value) WHERE …"
      : "one UPDATE that joins a list of rows";
  }
  return isPostgresql
    ? "INSERT … SELECT * FROM unnest($1, $2), one array a column, or VALUES with a row each"
    : "VALUES with a row each";
}
