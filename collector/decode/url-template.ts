/** The parts of a URL that may be kept. */
export interface UrlParts {
  /** "" when the URL is relative. */
  readonly host: string;
  /** Without query, fragment and the parameters of its segments; "" when there is none. */
  readonly path: string;
  /** `?a&b`, the names of the query's parameters; "" when none has a name. */
  readonly names: string;
  /** The URL without user and password, fragment, and the values of its query. */
  readonly redacted: string;
}

const redactedValue = "REDACTED";

/** Segments of a template; what follows is one `…`. */
const segmentsMax = 32;

/** Parameters of a query whose names are kept. */
const parametersMax = 64;

/** Takes a URL or a path with query apart. Never throws: what is no URL is a path. */
export function toUrlParts(url: string): UrlParts {
  const fragment = url.indexOf("#");
  const whole = fragment === -1 ? url : url.slice(0, fragment);
  const question = whole.indexOf("?");
  const target = question === -1 ? whole : whole.slice(0, question);
  const given = question === -1 ? "" : whole.slice(question + 1);
  const names = toQueryNames(given);
  const query = question === -1 ? "" : `?${redactQuery(given)}`;
  const authority = /^(?:[a-z][a-z0-9+.-]{0,31}:)?\/\//i.exec(target);
  if (authority === null) {
    const path = withoutParameters(target);
    return { host: "", path, names, redacted: path + query };
  }
  const rest = target.slice(authority[0].length);
  const slash = rest.indexOf("/");
  const hostAndPort = withoutUser(slash === -1 ? rest : rest.slice(0, slash));
  const path = slash === -1 ? "" : withoutParameters(rest.slice(slash));
  return {
    host: hostAndPort.replace(/:\d{0,5}$/, "").toLowerCase(),
    path,
    names,
    redacted: authority[0] + hostAndPort + path + query,
  };
}

/** `a=1&b=2` becomes `a=REDACTED&b=REDACTED`; a part without a name might be a value, and goes too. */
export function redactQuery(query: string): string {
  if (query === "") return "";
  const parts = query.split("&", parametersMax + 1);
  const kept = parts.slice(0, parametersMax).map((part) => {
    const equals = part.indexOf("=");
    return equals === -1 ? redactedValue : `${part.slice(0, equals)}=${redactedValue}`;
  });
  return kept.join("&") + (parts.length > parametersMax ? "&…" : "");
}

/** `b=1&a=2&a=3` becomes `?a&b`. */
function toQueryNames(query: string): string {
  if (query === "") return "";
  const names = query
    .split("&", parametersMax)
    .map((part) => part.slice(0, Math.max(0, part.indexOf("="))))
    .filter((name) => name !== "")
    .map((name) => (isValue(name) ? "{id}" : name));
  return names.length === 0 ? "" : `?${[...new Set(names)].sort().join("&")}`;
}

/** `/users/42/orders/2026-01-02` becomes `/users/{id}/orders/{id}`. */
export function toUrlTemplate(path: string): string {
  const segments = path.split("/", segmentsMax + 1);
  const named = segments
    .slice(0, segmentsMax)
    .map((segment) => (isValue(segment) ? "{id}" : segment));
  return named.join("/") + (segments.length > segmentsMax ? "/…" : "");
}

/**
 * Whether a path's segment is data rather than a word of the API: ids, UUIDs, hashes, dates, e-mail addresses, tokens.
 * A version such as `v2` or `oauth2` is a word.
 */
function isValue(segment: string): boolean {
  if (segment === "{id}") return true;
  if (segment.length > 40 || /[^\w.~-]/.test(segment)) return segment !== "";
  if (!/\d/.test(segment)) return /^[0-9a-f-]{16,}$/i.test(segment) || isMixedCaseToken(segment);
  return (
    /^\d+$/.test(segment) ||
    /\d{4}/.test(segment) ||
    /^[0-9a-f-]{8,}$/i.test(segment) ||
    /^\d[\d.-]*$/.test(segment) ||
    segment.length >= 16
  );
}

/** Base64 without a digit: long, and changing case too often for a name in camel case. */
function isMixedCaseToken(segment: string): boolean {
  return segment.length >= 20 && (segment.match(/[a-z][A-Z]/g)?.length ?? 0) > 5;
}

function withoutUser(authority: string): string {
  return authority.slice(authority.lastIndexOf("@") + 1);
}

/** `/a;jsessionid=1/b` is `/a/b`. */
function withoutParameters(path: string): string {
  if (!path.includes(";")) return path;
  return path
    .split("/")
    .map((segment) => segment.split(";", 1)[0])
    .join("/");
}
