import type { SqlComments } from "../evidence/sql-comment.ts";
import { textOfQuery } from "./text-of-query.ts";

/**
 * The arguments of `client.query` with a comment at the end of the text. A named statement is prepared once, and pg
 * refuses the name for another text: it stays as it is, as do cursors and other objects that send themselves.
 */
export function withComment(
  args: readonly unknown[],
  comments: SqlComments,
  route: string,
): unknown[] {
  const [query, ...rest] = args;
  const sql = textOfQuery(query);
  if (sql === undefined) return [...args];
  const text = comments.addTo(sql, route);
  if (typeof query === "string") return [text, ...rest];
  const { name, submit } = query as { readonly name?: unknown; readonly submit?: unknown };
  if (name || submit !== undefined) return [...args];
  // The application's object may be of a class that makes the text itself, and may be used again.
  const property = { configurable: true, enumerable: true, writable: true, value: text };
  return [Object.create(query as object, { text: property }), ...rest];
}
