import { signalTables } from "../retention.ts";
import { quoteString } from "./parameter-settings.ts";

export interface EraseOptions {
  /** Runs a statement of ours with all rights. */
  readonly administer: (sql: string) => Promise<string>;
  readonly key: string;
  /** As text: 42, 1.5 and true are found, too. */
  readonly value: string;
  readonly log: (line: string) => void;
}

export interface Erased {
  /** Traces that had the value somewhere: on a span, an event, a link, a resource, a scope or a log. */
  readonly traces: number;
  /** Rows that are gone, by table; tables without any are left out. */
  readonly rows: Readonly<Record<string, number>>;
  /** Folders of parts that ClickHouse replaced and would keep for minutes: to be removed once it has ended. */
  readonly leftFolders: readonly string[];
}

/**
 * Erases what carries an attribute's value: whole traces with all that was derived from them per trace, and single logs
 * and points outside of traces. What is found by the value goes last, so that it can be run again after a crash.
 *
 * The value is in two tables of our own while it runs, and in no statement: ClickHouse writes those to its disk.
 */
export async function eraseAttribute({
  administer,
  key,
  value,
  log,
}: EraseOptions): Promise<Erased> {
  const run = (sql: string) => administer(sql);
  const count = async (sql: string) => Number((await run(`${sql} FORMAT TSV`)).trim());
  const columns = await readColumns(run);
  await dropOwnTables(run);
  await run("CREATE TABLE erased_value (value String) ENGINE = MergeTree ORDER BY tuple()");
  await run(`INSERT INTO erased_value SELECT ${quoteString(value)}`);
  await run(
    "CREATE TABLE erased_traces (trace_id FixedString(16)) ENGINE = MergeTree ORDER BY trace_id",
  );

  const received = Object.values(signalTables).map(([table]) => table!);
  const stored = received.filter((table) => columns.has(table));
  const found = new Map(stored.map((table) => [table, carriesValue(columns.get(table)!, key)]));
  for (const [table, condition] of found) {
    if (!columns.get(table)!.some(({ name }) => name === "trace_id")) continue;
    await run(`
      INSERT INTO erased_traces
      SELECT DISTINCT trace_id FROM ${table}
      WHERE trace_id != toFixedString('', 16) AND (${condition})`);
  }
  const traces = await count("SELECT uniqExact(trace_id) FROM erased_traces");

  const ofTrace = "trace_id IN (SELECT trace_id FROM erased_traces)";
  const rows: Record<string, number> = {};
  const erase = async (table: string, condition: string) => {
    if (!columns.has(table)) return;
    const matching = await count(`SELECT count() FROM ${table} WHERE ${condition}`);
    if (matching === 0) return;
    log(`erasing ${matching} rows of ${table}`);
    await run(`ALTER TABLE ${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 2`);
    rows[table] = matching;
  };
  await erase("occurrences", "trace_id IN (SELECT lower(hex(trace_id)) FROM erased_traces)");
  for (const table of ["trace_arrivals", "traces", "spans_by_service"]) await erase(table, ofTrace);
  for (const [table, condition] of [...found].reverse()) {
    const hasTrace = columns.get(table)!.some(({ name }) => name === "trace_id");
    await erase(table, hasTrace ? `${ofTrace} OR (${condition})` : condition);
  }
  await erase("resources", carriesValue(columns.get("resources")!, key, false));
  await dropOwnTables(run);
  return { traces, rows, leftFolders: await readLeftFolders(run) };
}

async function dropOwnTables(run: (sql: string) => Promise<string>): Promise<void> {
  for (const table of ["erased_value", "erased_traces"])
    await run(`DROP TABLE IF EXISTS ${table} SYNC`);
}

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
}

async function readColumns(
  run: (sql: string) => Promise<string>,
): Promise<ReadonlyMap<string, readonly Column[]>> {
  const text = await run(`
    SELECT table, name, type FROM system.columns
    WHERE database = currentDatabase()
    ORDER BY table, position LIMIT 10000
    FORMAT JSONEachRow SETTINGS output_format_json_array_of_rows = 1`);
  return Map.groupBy(JSON.parse(text) as Column[], ({ table }) => table);
}

/** Attributes with a column of a shorter name. */
const columnOf: Readonly<Record<string, string>> = {
  "service.name": "service",
  "deployment.environment.name": "environment",
};

/** The condition of a row that has the attribute's value: in a map, in an event or link, in a column, on its resource. */
function carriesValue(columns: readonly Column[], key: string, hasResources = true): string {
  const wanted = "(SELECT any(value) FROM erased_value)";
  const quotedKey = quoteString(key);
  const own = columnOf[key] ?? key.replaceAll(".", "_");
  const conditions = columns.flatMap(({ name, type }) => {
    if (type.startsWith("Map("))
      return [
        `(mapContains(${name}, ${quotedKey}) AND toString(${name}[${quotedKey}]) = ${wanted})`,
      ];
    if (type.startsWith("Array(Tuple(") && type.includes("attributes Map("))
      return [
        `arrayExists(e -> e.attributes[${quotedKey}] = ${wanted} AND mapContains(e.attributes, ${quotedKey}), ${name})`,
      ];
    if (name === own) return [`toString(${name}) = ${wanted}`];
    if (name === "resource_id" && hasResources)
      return [
        `resource_id IN (SELECT resource_id FROM resources WHERE attributes[${quotedKey}] = ${wanted} AND mapContains(attributes, ${quotedKey}))`,
      ];
    return [];
  });
  return conditions.length === 0 ? "0" : conditions.join(" OR ");
}

async function readLeftFolders(run: (sql: string) => Promise<string>): Promise<readonly string[]> {
  const text = await run(`
    SELECT path FROM system.parts
    WHERE database = currentDatabase() AND NOT active
    ORDER BY path LIMIT 100000 FORMAT TSV`);
  return text.split("\n").filter((path) => path !== "");
}
