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
  /** Nothing: credentials, statements and their parameters. A span's own statement has its shape in a column instead. */
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
/** The conventions' `db.query.parameter.KEY`, and what others call them: `db.statement.parameters`, `db.sql.bindings`. */
const parameters = /^db\.[a-z._]{0,40}(parameter|param|binding)s?(\.|$)/;
/** Of headers that an SDK was told to record, as `http.request.header.KEY` and `rpc.grpc.request.metadata.KEY`. */
const credentials =
  /^[a-z.]{1,40}\.(header|metadata)\.((proxy-|x-)?authorization|(set-)?cookie|[\w-]{0,40}(api-?key|token|secret))$/i;
/** Those of the conventions (`url.full`, `http.url`, `http.target`), and whatever else says that it is one. */
const urls =
  /(^|[._-])(url|uri|referr?er)$|\.header\.(content-)?location$|^url\.(full|original|path)$|^http\.target$/i;

/** By the attribute's key: worked out once for each key that is new. */
export function redactionOf(key: string): Redaction {
  if (statements.has(key) || parameters.test(key) || credentials.test(key)) return redaction.value;
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
