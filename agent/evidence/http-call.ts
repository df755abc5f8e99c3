/** What is known of an HTTP request before it is sent. */
export interface HttpRequest {
  readonly method: string;
  /** Scheme and host, or host alone. */
  readonly origin: string;
  /** With its query. */
  readonly path: string;
}

/** A request as a call that may repeat, in the words of a query. */
export interface HttpCall {
  /** Method, origin and the path without what looks like a value: for counting in this process, it is sent nowhere. */
  readonly statement: string;
  /** Path and query; null where they are not all of the parameters, since there is a body. */
  readonly params: string | null;
}

/** Of a path; what follows is not looked at. */
const pathCharactersMax = 1_024;
const segmentsMax = 32;
/** Longer words are tokens. */
const wordCharactersMax = 32;

export function toHttpCall({ method, origin, path }: HttpRequest): HttpCall {
  const statement = toHttpStatement(method, origin, toPathTemplate(path));
  return { statement, params: toHttpParams(method, path) };
}

export function toHttpStatement(method: string, origin: string, template: string): string {
  return `${method} ${origin}${template}`;
}

export function toHttpParams(method: string, path: string): string | null {
  return method === "GET" || method === "HEAD" ? path : null;
}

const slash = 0x2f;
const questionMark = 0x3f;
const hash = 0x23;

/**
 * A segment with a digit, or a long one, is a value: `*`. Coarser than the collector's template: two endpoints that are
 * taken for one get their call sites a call earlier. In one pass, because each call of the application pays for it.
 */
export function toPathTemplate(path: string): string {
  const end = Math.min(path.length, pathCharactersMax);
  let template = "";
  let segments = 0;
  /** What of the path is not in the template yet; of its last segment, the start. */
  let from = 0;
  let start = 0;
  let hasDigit = false;
  for (let i = 0; i <= end; i += 1) {
    const code = i === end ? questionMark : path.charCodeAt(i);
    if (code >= 48 && code <= 57) hasDigit = true;
    if (code !== slash && code !== questionMark && code !== hash) continue;
    if (hasDigit || i - start > wordCharactersMax) {
      template += `${path.slice(from, start)}*`;
      from = i;
    }
    segments += 1;
    if (code !== slash || segments === segmentsMax) return template + path.slice(from, i);
    start = i + 1;
    hasDigit = false;
  }
  return template;
}
