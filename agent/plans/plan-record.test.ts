import { expect, it } from "vitest";
import type { PlanNode } from "./explain.ts";
import { toPlanRecord, toPlanText } from "./plan-record.ts";

const scan = {
  "Node Type": "Seq Scan",
  "Relation Name": "orders_2026",
  "Parallel Aware": false,
  Filter: "((email = 'ann@example.org'::text) AND (age > 42) AND (id = $1))",
};
const plan = {
  "Node Type": "Sort",
  "Total Cost": 12.5,
  "Plan Rows": 3,
  "Sort Key": ["(COALESCE(name, 'Ann'::text))", "at"],
  Plans: [scan],
} satisfies PlanNode & Record<string, unknown>;

const call = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  durationMs: 250.4,
  text: "SELECT id FROM orders_2026 WHERE id = $1",
  summary: "SELECT orders_2026",
};
const connection = {
  host: "db",
  port: 5432,
  user: "shop",
  database: "shop",
  password: "secret",
  ssl: false,
  options: undefined,
};

it("has the expressions of a plan without their literals, and names as they are", () => {
  expect(JSON.parse(toPlanText(plan))).toEqual({
    "Node Type": "Sort",
    "Total Cost": 12.5,
    "Plan Rows": 3,
    "Sort Key": ["(COALESCE(name, $0::text))", "at"],
    Plans: [
      {
        "Node Type": "Seq Scan",
        "Relation Name": "orders_2026",
        Filter: "((email = $0::text) AND (age > $0) AND (id = $1))",
      },
    ],
  });
});

it("is told in one line, in the trace of the call, without what signs in", () => {
  const record = toPlanRecord(plan, call, connection);
  expect(record).toMatchObject({
    eventName: "culprit.query_plan",
    body: "SELECT orders_2026 took 250 ms; planned are 3 rows at a cost of 12.5: Sort, Seq Scan on orders_2026",
    traceId: call.traceId,
    spanId: call.spanId,
  });
  expect(JSON.stringify(record)).not.toContain("secret");
});

it("is refused when it is too long", () => {
  const wide = { ...plan, Plans: Array.from({ length: 2_000 }, () => scan) };
  expect(() => toPlanRecord(wide, call, connection)).toThrow(/a plan of \d+ characters/);
});
