import type { Span } from "@opentelemetry/api";
import { redactQuery } from "./redact-query.ts";

const namesMax = 32;
const valuesMax = 8;
const valueCharactersMax = 1_024;
/** What carries a secret by its name leaves as one word, even if it is asked for: that it was there may say something. */
const secretName =
  /^(authorization|proxy-authorization|cookie|set-cookie)$|auth|token|secret|passw|session|signature|credential|api-?key/;

/** The headers of requests that somebody has asked for by name, as `http.request.header.NAME`, a list of texts. */
export class CapturedHeaders {
  readonly #attributes: readonly { readonly name: string; readonly attribute: string }[];

  constructor(names: readonly string[]) {
    const distinct = new Set(names.map((name) => name.toLowerCase()));
    this.#attributes = [...distinct]
      .slice(0, namesMax)
      .map((name) => ({ name, attribute: `http.request.header.${name}` }));
  }

  addTo(span: Span, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    for (const { name, attribute } of this.#attributes) {
      const value = headers[name];
      if (value !== undefined) span.setAttribute(attribute, toValues(name, value));
    }
  }
}

/** Undefined when none is asked for. */
export function createCapturedHeaders(names: readonly string[]): CapturedHeaders | undefined {
  return names.length > 0 ? new CapturedHeaders(names) : undefined;
}

function toValues(name: string, value: string | string[]): string[] {
  if (secretName.test(name)) return ["REDACTED"];
  const values = Array.isArray(value) ? value : [value];
  return values.slice(0, valuesMax).map((it) => withoutQuery(it).slice(0, valueCharactersMax));
}

/** `referer` and others hold the URLs of pages, with what their visitors typed. */
function withoutQuery(value: string): string {
  const mark = value.indexOf("?");
  if (mark === -1 || !/^(https?:|\/)/.test(value)) return value;
  return `${value.slice(0, mark)}?${redactQuery(value.slice(mark + 1))}`;
}
