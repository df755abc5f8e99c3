/** pg takes a text, or an object that has one. */
export function textOfQuery(query: unknown): string | undefined {
  if (typeof query === "string") return query;
  const text = typeof query === "object" && query !== null && "text" in query && query.text;
  return typeof text === "string" ? text : undefined;
}
