import type { IncomingHttpHeaders } from "node:http";
import type { CallSite } from "../evidence/call-site.ts";
import type { CapturedHeaders } from "../evidence/captured-headers.ts";
import { readQueueTime } from "../evidence/queue-time.ts";
import { redactQuery } from "../evidence/redact-query.ts";
import { AlikeSpans } from "../tracing/alike-spans.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import type { LocalTrace } from "../tracing/local-trace.ts";
import { monotonicNow } from "../tracing/monotonic-clock.ts";
import { otlpKind, RecordedSpan } from "../tracing/recorded-span.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { readBaggage, readTraceparent } from "../tracing/w3c-headers.ts";
import { keys } from "./attribute-keys.ts";
import { type ServiceHead, writeServiceHead } from "./known-heads.ts";
import { writeCallSite } from "./write-call-site.ts";

/** Begins the span of a request that came in, in the trace of its caller if it names one. */
export function startServerSpan(
  tracing: Tracing,
  method: string,
  headers: IncomingHttpHeaders,
  captured: CapturedHeaders | undefined,
): RecordedSpan {
  const remote = readTraceparent(headers.traceparent, headers.tracestate);
  const nowMs = monotonicNow();
  const trace = tracing.startTrace(remote, nowMs);
  const parent = remote && { id0: remote.span[0], id1: remote.span[1] };
  const options = {
    name: method,
    kind: otlpKind.server,
    startMs: trace.toEpochMs(nowMs),
    scope: tracing.ownScope,
  };
  const span = new RecordedSpan(tracing.sink, trace, parent, options);
  trace.server = span;
  trace.baggage = readBaggage(headers.baggage);
  if (captured !== undefined) captured.addTo(span, headers);
  return span;
}

/** Ends it. `nowMs` is what `performance.now()` says. */
export function endServerSpan(
  span: RecordedSpan,
  { statusCode, nowMs }: { readonly statusCode: number; readonly nowMs: number },
): void {
  if (statusCode >= 500) span.setStatus({ code: 2 });
  span.endAt(span.trace.toEpochMs(nowMs));
}

/** Requests by one method to one route. */
interface NamedRequests {
  readonly name: string;
  readonly alike: AlikeSpans;
}

const routesMax = 2_000;
const methodsMax = 64;
const named = new Map<string, Map<string, NamedRequests>>();

/** Puts the route into the span's name if a framework has found one; undefined when the application has named it. */
export function nameServerSpan(span: RecordedSpan, method: string): AlikeSpans | undefined {
  if (span.name !== method) return undefined;
  const { route } = span.trace;
  const known = named.get(method)?.get(route) ?? toNamed(method, route);
  span.name = known.name;
  return known.alike;
}

function toNamed(method: string, route: string): NamedRequests {
  const made = { name: route === "" ? method : `${method} ${route}`, alike: new AlikeSpans() };
  const ofMethod = named.get(method) ?? new Map<string, NamedRequests>();
  // Clients may make up methods, as far as Node reads them.
  if (ofMethod.size === 0 && named.size < methodsMax) named.set(method, ofMethod);
  if (ofMethod.size < routesMax) ofMethod.set(route, made);
  return made;
}

export interface RequestHead extends ServiceHead {
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string | undefined;
  readonly startMs: number;
}

export function writeRequestHead(writer: AttributeWriter, head: RequestHead): void {
  const { url, headers } = head;
  writeServiceHead(writer, head);
  const mark = url.indexOf("?");
  writer.text(keys.urlPath, mark === -1 ? url : url.slice(0, mark));
  if (mark !== -1) writer.text(keys.urlQuery, redactQuery(url.slice(mark + 1)));
  const remote = forwardedFor(headers["x-forwarded-for"]) ?? head.remoteAddress;
  if (remote !== undefined) writer.known(keys.clientAddress, remote);
  const userAgent = headers["user-agent"];
  if (userAgent !== undefined) writer.known(keys.userAgent, userAgent);
  const size = Number(headers["content-length"]);
  if (size >= 0) writer.integer(keys.httpRequestBodySize, size);
  const queued = headers["x-request-start"] ?? headers["x-queue-start"];
  const queuedMs = queued === undefined ? undefined : readQueueTime(queued, head.startMs);
  if (queuedMs !== undefined) writer.double(keys.queueTime, queuedMs);
}

export function writeStatus(writer: AttributeWriter, statusCode: number): void {
  writer.integer(keys.httpResponseStatusCode, statusCode);
  if (statusCode >= 500) writer.known(keys.errorType, String(statusCode));
}

/** What is known of a request as a whole once it is answered; what it does after that is not counted. */
export class RequestTotals {
  readonly route: string;
  readonly handler: CallSite | undefined;
  readonly dbCalls: number;
  readonly dbRows: number;
  readonly dbTimeMs: number;
  readonly httpCalls: number;

  constructor({ route, handler, dbCalls, dbRows, dbTimeMs, httpCalls }: LocalTrace) {
    this.route = route;
    this.handler = handler;
    this.dbCalls = dbCalls;
    this.dbRows = dbRows;
    this.dbTimeMs = dbTimeMs;
    this.httpCalls = httpCalls;
  }
}

export function writeTotals(writer: AttributeWriter, totals: RequestTotals): void {
  const { route, dbCalls, dbRows, dbTimeMs, httpCalls, handler } = totals;
  if (route !== "") writer.known(keys.httpRoute, route);
  if (handler !== undefined) writeCallSite(writer, handler);
  if (dbCalls > 0) {
    writer.integer(keys.dbCalls, dbCalls);
    writer.integer(keys.dbRows, dbRows);
    writer.double(keys.dbTime, dbTimeMs);
  }
  if (httpCalls > 0) writer.integer(keys.httpCalls, httpCalls);
}

/** The first address: the client's, as far as its proxies tell the truth. */
function forwardedFor(header: string | string[] | undefined): string | undefined {
  if (typeof header !== "string") return undefined;
  return header.split(",", 1)[0]!.trim().slice(0, 64) || undefined;
}
