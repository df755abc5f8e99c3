import { randomBytes } from "node:crypto";

/** The parts of pg's client that are used. */
export interface PlanClient {
  query(query: string | { readonly text: string; readonly rows: number }): Promise<PlanAnswer>;
}

interface PlanAnswer {
  readonly rows: readonly unknown[];
}

/** A node of `EXPLAIN (FORMAT JSON)`. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Total Cost"?: number;
  readonly "Plan Rows"?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Explained {
  readonly Plan: PlanNode;
}

/**
 * The plan of a statement, whatever its parameters: it is not run, and none of its values is needed. From PostgreSQL 12 on.
 *
 * Everything is of one transaction that may only read, and that is rolled back: behind a pooler of connections nothing
 * of it is left for whoever is next. The statement comes from the application as text. It is prepared by the extended
 * protocol, for there the server itself refuses more than one statement in a text; and prepared can be only what has a plan.
 */
export async function explain(
  client: PlanClient,
  sql: string,
  parameters: number,
): Promise<PlanNode> {
  const name = `culprit_${randomBytes(8).toString("hex")}`;
  await client.query(
    "BEGIN READ ONLY; SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '100ms'; " +
      "SET LOCAL plan_cache_mode = force_generic_plan",
  );
  // A number of rows at a time is what makes pg use the extended protocol, in all of its versions.
  await client.query({ text: `PREPARE ${name} AS ${sql}`, rows: 1 });
  await client.query("SAVEPOINT culprit");
  try {
    const values = parameters === 0 ? "" : `(${Array(parameters).fill("NULL").join()})`;
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE ${name}${values}`);
    const [explained] = rows as readonly [{ readonly "QUERY PLAN": readonly [Explained] }];
    return explained["QUERY PLAN"][0].Plan;
  } finally {
    await client.query(`ROLLBACK TO SAVEPOINT culprit; DEALLOCATE ${name}; ROLLBACK`);
  }
}
