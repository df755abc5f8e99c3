/**
 * How long a `Retry-After` header asks us to wait, in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3), at
 * most `maxMs`. Undefined when there is none or it can't be read.
 */
export function parseRetryAfter(
  header: string | undefined,
  { now, maxMs }: { readonly now: number; readonly maxMs: number },
): number | undefined {
  const text = header?.trim() ?? "";
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : httpDate(text) - now;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), maxMs);
}

/** Only the shape that servers send: `Date.parse` alone would take "-5" or "1.5" for a date. */
function httpDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? .*\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}
