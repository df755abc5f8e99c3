import { type Query, type QueryParameters, StorageError } from "./store.ts";

/** A session keeps what an earlier query bound: a parameter that is not given would silently be that. */
export function checkParameters({ name, sql }: Query, parameters: QueryParameters): void {
  for (const [, parameter] of sql.matchAll(/\{(\w+):/g)) {
    if (Object.hasOwn(parameters, parameter!)) continue;
    throw new StorageError("QUERY_FAILED", `query ${name} needs the parameter ${parameter}`);
  }
}
