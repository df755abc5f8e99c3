import type { IncomingHttpHeaders } from "node:http";
import type { Span } from "@opentelemetry/api";

/** Of smaller responses nothing more than their size is worth to be known. */
export const largeBytesMin = 100_000;

export interface LargeResponse {
  readonly statusCode: number;
  /** Of the response, by its name in small letters. */
  readonly headerOf: (name: string) => string | undefined;
  /** Of the request. */
  readonly asked: IncomingHttpHeaders;
  /** Its length was known before it was sent. */
  readonly isWhole: boolean;
}

/** Says of a response what can be done about its size. Of its headers two leave the process, and of these only what is a name of a format. */
export function tellLargeResponse(span: Span, response: LargeResponse): void {
  const { headerOf, isWhole } = response;
  const type = nameIn(headerOf("content-type"), mediaType);
  const encoding = nameIn(headerOf("content-encoding"), contentCodings);
  if (type !== undefined) span.setAttribute("http.response.header.content-type", [type]);
  if (encoding !== undefined) {
    span.setAttribute("http.response.header.content-encoding", [encoding]);
  }
  if (isWhole) span.setAttribute("culprit.response.whole", true);
  if (isUncompressed(response)) span.setAttribute("culprit.response.uncompressed", true);
}

/** Without its parameters. */
const mediaType = /^[\w.+-]{1,60}\/[\w.+-]{1,60}(?=\s*(?:;|$))/;
const contentCodings = /^[\w-]{1,20}(?:\s*,\s*[\w-]{1,20}){0,3}$/;

function nameIn(header: string | undefined, pattern: RegExp): string | undefined {
  return header === undefined ? undefined : pattern.exec(header)?.[0].toLowerCase();
}

const accepted = /\b(?:gzip|br|zstd|deflate)\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i;
const partialContent = 206;
const proxyHeaders = ["via", "forwarded", "x-forwarded-for", "x-real-ip"] as const;

/** It went as it was to a client that takes it compressed. A proxy may compress, so behind one nobody knows. */
function isUncompressed({ statusCode, headerOf, asked }: LargeResponse): boolean {
  const isSent = headerOf("content-encoding") === undefined && statusCode !== partialContent;
  if (!isSent || /\bno-transform\b/i.test(headerOf("cache-control") ?? "")) return false;
  if (proxyHeaders.some((name) => asked[name] !== undefined)) return false;
  return accepted.test(String(asked["accept-encoding"] ?? ""));
}
