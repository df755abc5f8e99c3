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
  readonly params: readonly [string] | null;
}

/** Of a path; what follows is not looked at. */
const pathCharactersMax = 1_024;
const segmentsMax = 32;
/** Longer words are tokens. */
const wordCharactersMax = 32;

export function toHttpCall({ method, origin, path }: HttpRequest): HttpCall {
  const hasBody = method !== "GET" && method !== "HEAD";
  const template = path
    .slice(0, pathCharactersMax)
    .split(/[?#]/, 1)[0]!
    .split("/", segmentsMax)
    .map((segment) => (isValue(segment) ? "*" : segment))
    .join("/");
  return { statement: `${method} ${origin}${template}`, params: hasBody ? null : [path] };
}

/** Coarser than the collector's template: two endpoints that are taken for one get their call sites a call earlier. */
function isValue(segment: string): boolean {
  return segment.length > wordCharactersMax || /\d/.test(segment);
}
