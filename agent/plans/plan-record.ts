import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from "@opentelemetry/semantic-conventions";
import { postgresql, scanSql } from "../evidence/sql-scan.ts";
import type { LogRecord } from "../export/encode-log-record.ts";
import type { PlanNode } from "./explain.ts";
import type { PlanConnection, SlowCall } from "./plan-messages.ts";

const planCharactersMax = 65_536;
const nodesToldMax = 8;
/** Names, in which digits and quotes are no literals. */
const names = new Set([
  "Relation Name",
  "Schema",
  "Alias",
  "Index Name",
  "CTE Name",
  "Function Name",
  "Subplan Name",
  "Node Type",
]);

/** A plan as `culprit.query_plan`, in the trace of the call that was slow. Throws when it is too long. */
export function toPlanRecord(
  plan: PlanNode,
  call: SlowCall,
  { host, port, database = "" }: PlanConnection,
): LogRecord {
  const { traceId, spanId, durationMs, text, summary } = call;
  const json = toPlanText(plan);
  if (json.length > planCharactersMax) throw new Error(`a plan of ${json.length} characters`);
  const cost = plan["Total Cost"] ?? 0;
  const rows = plan["Plan Rows"] ?? 0;
  return {
    eventName: "culprit.query_plan",
    body: `${summary} took ${Math.round(durationMs)} ms; planned are ${rows} rows at a cost of ${cost}: ${toSteps(plan)}`,
    attributes: {
      [ATTR_DB_SYSTEM_NAME]: "postgresql",
      [ATTR_DB_NAMESPACE]: database,
      [ATTR_SERVER_ADDRESS]: host,
      [ATTR_SERVER_PORT]: port,
      [ATTR_DB_QUERY_SUMMARY]: summary,
      [ATTR_DB_QUERY_TEXT]: text,
      "culprit.plan.json": json,
      "culprit.plan.total_cost": cost,
      "culprit.plan.rows": rows,
      "culprit.plan.call_ms": durationMs,
    },
    traceId,
    spanId,
  };
}

/** As JSON, with `$0` for literals in its expressions. What is false is left out. */
export function toPlanText(plan: PlanNode): string {
  return JSON.stringify(plan, (key, value: unknown) => {
    if (value === false) return undefined;
    return typeof value === "string" && !names.has(key) ? scanSql(value, postgresql).text : value;
  });
}

/** "Aggregate, Seq Scan on items", from the root on. */
function toSteps(plan: PlanNode): string {
  const steps: string[] = [];
  const open: PlanNode[] = [plan];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (steps.length === nodesToldMax) return `${steps.join(", ")} …`;
    const { "Node Type": type, "Relation Name": relation, Plans = [] } = node;
    steps.push(relation === undefined ? type : `${type} on ${relation}`);
    open.push(...Plans.toReversed());
  }
  return steps.join(", ");
}
