import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callLabel } from "./call-template.ts";

/** What to do so that repeated calls become one: steps for this very call, most important first. */
export function mergeFix(
  trace: TraceView,
  call: SpanIndex,
  driver: SpanIndex | null,
): readonly string[] {
  const label = callLabel(trace, call);
  const system = trace.dbSystemName[call]!;
  const loader =
    "If the calls come from separate functions or resolvers, put a DataLoader between them: it gathers the keys of one tick into one query.";
  if (system === "mongodb") {
    return [
      `Gather the keys first, then run ${label} once with { $in: keys } and pick each document from a Map by its key.`,
      "With Mongoose, populate() the list instead of loading each document in the loop.",
      loader,
    ];
  }
  if (system === "redis" || system === "valkey") {
    return ["Read all keys with one MGET, or send the commands in one pipeline.", loader];
  }
  return [
    `Gather the values first and run ${label} once${asList(trace.dbQueryText[call]!, system)}; then pick each row from a Map by its key.`,
    driver === null
      ? `Or join ${label.replace(/^\w+ /, "")} into the query that loads the list.`
      : `Or join ${label.replace(/^\w+ /, "")} into ${callLabel(trace, driver)}, so that each row brings its own.`,
    loader,
  ];
}

/** ", with id = ANY($1) instead of id = $1": the first comparison with a parameter. */
function asList(text: string, system: string): string {
  const comparison = /([\w."`[\]]+)\s*=\s*(\$\d+|\?|:\w+|@\w+|%s)/.exec(text);
  if (comparison === null) return " for all of them";
  const [found, column, parameter] = comparison;
  const list = system === "postgresql" ? `= ANY(${parameter})` : "IN (…)";
  return `, with ${column} ${list} instead of ${found}`;
}
