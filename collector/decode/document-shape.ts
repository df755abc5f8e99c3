import { queryTextBytesMax } from "./decode-limits.ts";
import { type QueryShape, unparsedShape } from "./sql-shape.ts";

/** Levels of a document whose keys are shown. */
const depthMax = 16;

/** A key that looks like a field's name; any other might be a value. */
const fieldName = /^[$A-Za-z_][\w.$-]{0,63}$/;

/**
 * Shape of a query that is a JSON document, as MongoDB's and Elasticsearch's are: keys stay, values are `?`, equal
 * neighbours in a list are one. `{"filter":{"_id":7},"in":[1,2]}` is `{filter: {_id: ?}, in: [?]}`.
 */
export function toDocumentShape(text: string): QueryShape {
  if (text.length > queryTextBytesMax) return unparsedShape(text.length);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return unparsedShape(text.length);
  }
  return { text: toShape(document, depthMax), summary: "", collection: "", isKnown: true };
}

function toShape(value: unknown, depth: number): string {
  if (typeof value !== "object" || value === null || depth === 0) return "?";
  if (Array.isArray(value)) {
    const items = value.map((item) => toShape(item, depth - 1));
    return `[${items.filter((item, i) => item !== items[i - 1]).join(", ")}]`;
  }
  const fields = Object.entries(value).map(([key, field]) => {
    return `${fieldName.test(key) ? key : "?"}: ${toShape(field, depth - 1)}`;
  });
  return `{${fields.filter((field, i) => field !== fields[i - 1]).join(", ")}}`;
}
