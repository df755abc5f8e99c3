import { redactQuery, toUrlParts } from "./url-template.ts";

/** What of an attribute's value may be stored, wherever the attribute stands. */
export type Redaction = (typeof redaction)[keyof typeof redaction];

/** Numbers, so that a key's is looked up in an array. */
export const redaction = {
  /** All of it. */
  none: 0,
  /** A URL without its user, parameters of segments, fragment, and the values of its query. */
  url: 1,
  /** A URL's query without its values. */
  query: 2,
  /** Nothing: statements and their parameters. A span's own statement has its shape in a column instead. */
  value: 3,
} as const;

const redactedValue = "REDACTED";
/** An array or a list, as AnyValue JSON. */
export const redactedJson: string = JSON.stringify({ stringValue: redactedValue });

const statements = new Set([
  "db.query.text",
  "db.statement",
  // As `User ID=…;Password=…`, or a URL with both.
  "db.connection_string",
]);
const parameters = /^db\.(query|operation)\.parameter\./;
/** Those of the conventions (`url.full`, `http.url`, `http.target`), and whatever else says that it is one. */
const urls = /(^|[._-])(url|uri|referr?er)$|^url\.(full|original|path)$|^http\.target$/i;

/** By the attribute's key: worked out once for each key that is new. */
export function redactionOf(key: string): Redaction {
  if (statements.has(key) || parameters.test(key)) return redaction.value;
  if (key === "url.query") return redaction.query;
  return urls.test(key) ? redaction.url : redaction.none;
}

export function redactText(text: string, kind: Redaction): string {
  if (kind === redaction.value) return redactedValue;
  return kind === redaction.query ? redactQuery(text) : toUrlParts(text).redacted;
}

const urlWord = /[a-z][a-z0-9+.-]{0,31}:\/\/\S+|(?<!\S)\/\S*[?;#]\S*/gi;

/** A text, such as a span's name, whose URLs lose what a URL may not have. */
export function redactUrls(text: string): string {
  return text.replace(urlWord, (url) => toUrlParts(url).redacted);
}
