import type { Session } from "chdb";
import { FrontError, type FrontStatement } from "../http-front/front-statement.ts";
import { quoteString, toParameterSettings } from "./parameter-settings.ts";

export interface ReaderOptions {
  readonly openSession: () => Session;
  readonly memoryBytesMax: number;
  readonly durationMsMax: number;
}

const rowsMax = 100_000;
const resultBytesMax = 64 * 1024 * 1024;
const threadsMax = 2;

/**
 * Runs statements from outside. Each has a session of its own, so that nothing of one is left for the next; with
 * `readonly`, which refuses writes, other hosts and files. What `readonly` lets through is refused before it is run
 * (`refusalOf`): ClickHouse itself says how it reads the statement, and whether it is one.
 */
export function createReader(
  options: ReaderOptions,
): (statement: FrontStatement) => Promise<Uint8Array> {
  let tableFunctions: Promise<ReadonlySet<string>> | undefined;

  return async (statement) => {
    const session = options.openSession();
    try {
      tableFunctions ??= readTableFunctions(session);
      const normal = await normalise(session, statement.sql);
      const refusal = refusalOf(statement.sql, normal, await tableFunctions);
      if (refusal !== undefined) throw new FrontError(497, "ACCESS_DENIED", refusal);
      await session.queryAsync(toSettings(statement, options));
      return (await session.queryAsync(statement.sql, { format: statement.format })).bytes();
    } finally {
      session.close();
    }
  };
}

/** As ClickHouse would write it: without comments, and it is one statement. */
async function normalise(session: Session, sql: string): Promise<string> {
  const bound = toParameterSettings({ statement: sql });
  const query = `${bound} SELECT formatQuerySingleLine({statement:String})`;
  return (await session.queryAsync(query, { format: "TSVRaw" })).text();
}

/** They reach for files, hosts and programs. Those that are left only make rows or read our tables. */
async function readTableFunctions(session: Session): Promise<ReadonlySet<string>> {
  const harmless = ["numbers", "numbers_mt", "zeros", "zeros_mt", "generateSeries"];
  const sql = `
    SELECT name FROM system.table_functions
    WHERE name NOT IN (${[...harmless, "generate_series", "values", "null", "view", "format"].map(quoteString).join(", ")})
    ORDER BY name LIMIT 10000`;
  const text = (await session.queryAsync(sql, { format: "TSV" })).text();
  return new Set(text.trim().toLowerCase().split("\n"));
}

const readingStatement = /^(SELECT|WITH|SHOW|DESCRIBE|EXISTS|EXPLAIN)\b/;

/** Functions that read files or ask other hosts, and that `readonly` does not stop. */
const deniedFunctions =
  /\b(file|catboostEvaluate|ai(Classify|Embed|Extract|Generate|Translate)|showCertificate|logTrace)\b/i;

/** Why a statement is not run; undefined: it is. `normal` is what ClickHouse makes of its text. */
function refusalOf(
  sql: string,
  normal: string,
  tableFunctions: ReadonlySet<string>,
): string | undefined {
  // The normal text leaves it out, and it is written under readonly, too.
  if (/outfile/i.test(sql)) return "INTO OUTFILE is not allowed here";
  if (!readingStatement.test(normal)) return "only statements that read are allowed here";
  const code = normal.replaceAll(/'(\\.|[^'\\])*'/g, "''");
  const denied = deniedFunctions.exec(code)?.[0];
  if (denied !== undefined) return `${denied} is not allowed here`;
  for (const [, name] of code.matchAll(/(\w+)[`"]?\s*\(/g))
    if (tableFunctions.has(name!.toLowerCase())) return `${name} is not allowed here`;
  return undefined;
}

/** Settings of clients that change how a result is written, and nothing else. */
const passedOn =
  /^(output_format_json_\w+|output_format_pretty_\w+|output_format_write_statistics|date_time_output_format|join_use_nulls|session_timezone|max_block_size|log_comment|extremes|result_overflow_mode)$/;
/** Those that clients may only lower. */
const lowered = new Set(["max_execution_time", "max_result_rows", "max_threads"]);

function toSettings(statement: FrontStatement, options: ReaderOptions): string {
  const limits: Record<string, number> = {
    max_execution_time: options.durationMsMax / 1000,
    max_memory_usage: options.memoryBytesMax,
    max_result_rows: rowsMax,
    max_result_bytes: resultBytesMax,
    max_threads: threadsMax,
  };
  const asked: string[] = [];
  for (const [name, value] of Object.entries(statement.settings)) {
    if (passedOn.test(name)) asked.push(`${name} = ${quoteString(value)}`);
    else if (lowered.has(name)) limits[name] = lowerOf(limits[name]!, value);
    // Clients send it to be safe; it is so anyway.
    else if (name !== "readonly")
      throw new FrontError(164, "READONLY", `Cannot modify '${name}' setting in readonly mode`);
  }
  const all = [...asked, ...Object.entries(limits).map(([name, value]) => `${name} = ${value}`)];
  for (const [name, value] of Object.entries(statement.parameters))
    all.push(`param_${name} = ${quoteString(value)}`);
  const use =
    statement.database === "" ? "" : `USE \`${statement.database.replaceAll(/\W/g, "_")}\`;`;
  return `${use} SET ${all.join(", ")}, readonly = 1`;
}

/** 0 is "no limit" to ClickHouse. */
function lowerOf(limit: number, asked: string): number {
  const value = Number(asked);
  return value > 0 && value < limit ? value : limit;
}
