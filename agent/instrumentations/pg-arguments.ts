import type { PgQuery } from "./pg-classes.ts";

/** An object of the application that pg calls back, as `new Query()` and cursors. */
export function isQueryObject(query: unknown): boolean {
  return isObject(query) && "submit" in query;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export function hasCallback(args: readonly unknown[]): boolean {
  for (const argument of args) if (typeof argument === "function") return true;
  return isObject(args[0]) && typeof (args[0] as PgQuery).callback === "function";
}

export function valuesOf(args: readonly unknown[]): unknown {
  const [query, values] = args;
  if (values !== undefined && values !== null && typeof values !== "function") return values;
  return typeof query === "object" ? (query as { values?: unknown }).values : undefined;
}
