import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import { afterAll } from "vitest";
import { type SpanColumnName, spanColumns } from "../../storage/span-columns.ts";

/** Columns of a span by name, as JSON: ids in hex, times as `toTimestamp` makes them. */
export type SpanRow = Partial<Record<SpanColumnName, unknown>>;

/**
 * Spans as a file for `insertBlocks`, without the decoder: chDB itself writes it. A column that no row has is left to the
 * table's default; in a row that leaves it out it is empty. Without `received` it is now.
 */
export async function writeSpanFile(file: string, rows: readonly SpanRow[]): Promise<void> {
  const source = `${file}.json`;
  const received = toTimestamp(Date.now());
  const all = rows.map((row) => ({ weight: 1, repeats: 1, returned_rows: -1, received, ...row }));
  writeFileSync(source, all.map((row) => JSON.stringify(row)).join("\n"));
  const named = new Set(all.flatMap((row) => Object.keys(row)));
  const columns = spanColumns.filter(({ name }) => named.has(name));
  const structure = columns.map(({ name, nativeType }) => `${name} ${toHexType(nativeType)}`);
  const values = columns.map(({ name, nativeType }) => fromHex(name, nativeType));
  await write(
    file,
    `SELECT ${values.join(", ")} FROM file(${quote(source)}, JSONEachRow, ${quote(structure.join(", "))})`,
  );
  rmSync(source);
}

/**
 * `spans` spans in traces of `spansPerTrace`, made by ClickHouse, so that a large file takes no time. Equal `seed`,
 * equal ids.
 */
export async function writeManySpans(
  file: string,
  { spans, spansPerTrace = 10, seed = 0 }: { spans: number; spansPerTrace?: number; seed?: number },
): Promise<void> {
  const nowMs = Date.now();
  const expressions: Partial<Record<SpanColumnName, string>> = {
    ts: `fromUnixTimestamp64Milli(toInt64(${nowMs} - number % 60000), 'UTC')`,
    duration: "1000000 + cityHash64(number) % 10000000",
    received: `fromUnixTimestamp64Milli(toInt64(${nowMs}), 'UTC')`,
    trace_id: `MD5(toString(intDiv(number, ${spansPerTrace}) + ${seed} * 1000000000))`,
    span_id: `substring(MD5(concat('span', toString(number + ${seed} * 1000000000))), 1, 8)`,
    parent_span_id: `if(number % ${spansPerTrace} = 0, '', 'parent-1')`,
    name: "concat('GET /route/', toString(number % 20))",
    kind: `if(number % ${spansPerTrace} = 0, 2, 3)`,
    service: "concat('service-', toString(number % 5))",
    http_route: "concat('/route/', toString(number % 20))",
    http_request_method: "'GET'",
    weight: "1",
    repeats: "1",
    returned_rows: "-1",
    db_query_text: "repeat(hex(MD5(toString(number))), 4)",
    attributes: "map('user.id', toString(number % 1000), 'request.id', hex(MD5(toString(number))))",
    resource_attributes: "if(number % 1000 = 0, map('service.name', 'service'), map())",
  };
  const values = spanColumns.map(({ name, nativeType }) => {
    const value = expressions[name] ?? `defaultValueOfTypeName(${quote(nativeType)})`;
    return `CAST(${value} AS ${nativeType}) AS ${name}`;
  });
  await write(file, `SELECT ${values.join(", ")} FROM numbers(${spans})`);
}

/** A time for a column: milliseconds since 1970, and nanoseconds above them. */
export function toTimestamp(unixMs: number, ns = 0): string {
  const toTheMs = new Date(unixMs).toISOString().replace("T", " ").replace("Z", "");
  return toTheMs + String(ns).padStart(6, "0");
}

const session = new Session(mkdtempSync(join(tmpdir(), "culprit-span-file-")));
// Not when the process exits: a test's may be killed at its end.
afterAll(() => {
  session.close();
  rmSync(session.path, { recursive: true, force: true });
});

async function write(file: string, select: string): Promise<void> {
  await session.queryAsync(
    `${select} INTO OUTFILE ${quote(file)} TRUNCATE FORMAT Native SETTINGS max_threads = 1, engine_file_truncate_on_insert = 1`,
  );
}

/** JSON can't carry the bytes of an id. */
function toHexType(nativeType: string): string {
  return nativeType.startsWith("FixedString") ? "String" : nativeType;
}

function fromHex(name: string, nativeType: string): string {
  const size = /^FixedString\((\d+)\)$/.exec(nativeType)?.[1];
  return size === undefined ? name : `toFixedString(unhex(${name}), ${size}) AS ${name}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
