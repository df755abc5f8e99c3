import type { QueryParameters } from "../store.ts";

/**
 * The statement that binds the parameters of a query, `SET param_a = '…', param_b = […]`; "" without any. Bound so and
 * not by chDB's own call, which serves one query of the process at a time.
 *
 * A value is read twice: as an SQL literal, and then as the escaped text of a table format. Arrays are SQL arrays of
 * strings and are read once.
 */
export function toParameterSettings(parameters: QueryParameters): string {
  const settings = Object.entries(parameters).map(
    ([name, value]) => `param_${name} = ${toLiteral(value)}`,
  );
  return settings.length === 0 ? "" : `SET ${settings.join(", ")};`;
}

function toLiteral(value: string | number | readonly string[]): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quoteString(escapeText(value));
  return `[${value.map(quoteString).join(", ")}]`;
}

/** An SQL string literal. */
export function quoteString(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\0", "\\0")}'`;
}

function escapeText(value: string): string {
  return value
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
}
