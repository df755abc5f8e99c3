import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";

/** As an application gives them: an object, or names and values one after the other. */
export type GivenHeaders = OutgoingHttpHeaders | readonly unknown[];

export function headerOf(headers: GivenHeaders, name: string): string | undefined {
  const value = isList(headers) ? valueInList(headers, name) : headers[name];
  return value === undefined || value === null ? undefined : String(value);
}

function valueInList(headers: readonly unknown[], name: string): unknown {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at] === name) return headers[at + 1];
  }
  return undefined;
}

/** A copy, since the application may use its own for other requests, too. What it has set itself stays. */
export function withHeaders(
  headers: GivenHeaders,
  added: ReadonlyMap<string, string>,
): GivenHeaders {
  const missing = [...added].filter(([name]) => headerOf(headers, name) === undefined);
  return isList(headers)
    ? [...headers, ...missing.flat()]
    : { ...headers, ...Object.fromEntries(missing) };
}

/** Of its requests gRPC has spans of its own. */
export function isGrpc(headers: GivenHeaders | IncomingHttpHeaders): boolean {
  return headerOf(headers, "content-type")?.startsWith("application/grpc") === true;
}

function isList(headers: GivenHeaders): headers is readonly unknown[] {
  return Array.isArray(headers);
}
