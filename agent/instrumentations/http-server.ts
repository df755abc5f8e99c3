import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { toHostAndPort } from "../evidence/host-and-port.ts";
import { readQueueTime } from "../evidence/queue-time.ts";
import { redactQuery } from "../evidence/redact-query.ts";
import type { Runtime } from "../runtime/start-runtime.ts";
import { ActiveContext } from "../tracing/active-context.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import type { LocalTrace } from "../tracing/local-trace.ts";
import { otlpKind, RecordedSpan, type SpanDetail } from "../tracing/recorded-span.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { readBaggage, readTraceparent } from "../tracing/w3c-headers.ts";
import { keys } from "./attribute-keys.ts";
import { Guard } from "./guard.ts";
import { writeMethod } from "./http-method.ts";
import { writeCallSite } from "./write-call-site.ts";

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/**
 * Requests to `node:http` and `node:https` servers, by Node's diagnostics channels: nothing is patched. Those to
 * `ignoredPort` are not the application's; 0 is none.
 *
 *   headers are read ── span starts, its context is entered ── application ── response closes: the span ends
 */
export function instrumentHttpServer(
  tracing: Tracing,
  runtime: Runtime,
  ignoredPort: number,
): void {
  const guard = new Guard("node:http servers");
  guard.subscribe<RequestStart>("http.server.request.start", ({ request, response, socket }) => {
    if (socket.localPort === ignoredPort) return;
    const { headers } = request;
    const remote = readTraceparent(headers.traceparent, headers.tracestate);
    const trace = tracing.startTrace(remote);
    const span = new RecordedSpan(
      tracing.sink,
      trace,
      remote && { id0: remote.span[0], id1: remote.span[1] },
      {
        name: request.method ?? "",
        kind: otlpKind.server,
        startMs: trace.nowMs(),
        scope: tracing.ownScope,
      },
    );
    trace.server = span;
    trace.baggage = readBaggage(headers.baggage);
    const context = new ActiveContext(span);
    // Node runs each request's parser callback in a frame of its own, so this ends with the request.
    tracing.contexts.storage.enterWith(context);
    if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) {
      bindBody(tracing, context, request);
    }
    if (!trace.isSampled) return;
    const detail = new AnsweredRequest(trace, span.startMs, request, response, socket);
    span.detail = detail;
    runtime.requestStarted(span);
    response.once("close", () => {
      try {
        runtime.requestEnding(span);
        detail.finish(span);
      } catch (error) {
        guard.failed(error);
      }
    });
  });
}

/** A body is read in the context of its connection; its listeners belong to the request. */
function bindBody(tracing: Tracing, context: ActiveContext, request: IncomingMessage): void {
  const { storage } = tracing.contexts;
  const { emit } = request;
  request.emit = function (this: unknown, ...args: unknown[]) {
    return storage.run(context, () => Reflect.apply(emit, this, args) as boolean);
  } as typeof emit;
}

class AnsweredRequest implements SpanDetail {
  readonly #trace: LocalTrace;
  readonly #startMs: number;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #remoteAddress: string | undefined;
  readonly #writtenBefore: number;
  readonly #url: string;

  constructor(
    trace: LocalTrace,
    startMs: number,
    request: IncomingMessage,
    response: ServerResponse,
    socket: Socket,
  ) {
    this.#trace = trace;
    this.#startMs = startMs;
    this.#request = request;
    this.#response = response;
    this.#socket = socket;
    // Both are gone, or changed, once the connection is closed or a framework has cut the URL.
    this.#remoteAddress = socket.remoteAddress;
    this.#writtenBefore = socket.bytesWritten;
    this.#url = request.url ?? "";
  }

  finish(span: RecordedSpan): void {
    const { statusCode } = this.#response;
    const { route } = this.#trace;
    if (route !== "" && span.name === this.#request.method) span.name += ` ${route}`;
    if (statusCode >= 500) span.setStatus({ code: 2 });
    span.endAt(this.#trace.nowMs());
  }

  write(writer: AttributeWriter): void {
    this.#writeRequest(writer);
    this.#writeResponse(writer);
    this.#writeTotals(writer);
  }

  #writeRequest(writer: AttributeWriter): void {
    const { headers, httpVersion } = this.#request;
    writeMethod(writer, this.#request.method ?? "");
    writer.known(keys.urlScheme, "encrypted" in this.#socket ? "https" : "http");
    const url = this.#url;
    const mark = url.indexOf("?");
    writer.text(keys.urlPath, mark === -1 ? url : url.slice(0, mark));
    if (mark !== -1) writer.text(keys.urlQuery, redactQuery(url.slice(mark + 1)));
    writer.known(keys.networkProtocolVersion, httpVersion);
    if (headers.host !== undefined) {
      const { host, port } = toHostAndPort(headers.host);
      writer.known(keys.serverAddress, host);
      if (port !== 0) writer.integer(keys.serverPort, port);
    }
    const remote = forwardedFor(headers["x-forwarded-for"]) ?? this.#remoteAddress;
    if (remote !== undefined) writer.known(keys.clientAddress, remote);
    const userAgent = headers["user-agent"];
    if (userAgent !== undefined) writer.known(keys.userAgent, userAgent);
    const size = Number(headers["content-length"]);
    if (size >= 0) writer.integer(keys.httpRequestBodySize, size);
    const queued = headers["x-request-start"] ?? headers["x-queue-start"];
    const queuedMs = queued === undefined ? undefined : readQueueTime(queued, this.#startMs);
    if (queuedMs !== undefined) writer.double(keys.queueTime, queuedMs);
  }

  #writeResponse(writer: AttributeWriter): void {
    const response = this.#response;
    const isAborted = !response.writableFinished;
    if (isAborted) writer.flag(keys.aborted, true);
    if (isAborted && !response.headersSent) return;
    writer.integer(keys.httpResponseStatusCode, response.statusCode);
    if (response.statusCode >= 500) writer.known(keys.errorType, String(response.statusCode));
    const size = bodySizeOf(response);
    if (size !== undefined) writer.integer(keys.httpResponseBodySize, size);
    // Of a body in chunks only the whole is known, headers included.
    const written = size === undefined ? this.#socket.bytesWritten - this.#writtenBefore : 0;
    if (written > 0) writer.integer(keys.httpResponseSize, written);
  }

  #writeTotals(writer: AttributeWriter): void {
    const { route, dbCalls, dbRows, dbTimeMs, httpCalls, handler } = this.#trace;
    if (route !== "") writer.known(keys.httpRoute, route);
    if (handler !== undefined) writeCallSite(writer, handler);
    if (dbCalls > 0) {
      writer.integer(keys.dbCalls, dbCalls);
      writer.integer(keys.dbRows, dbRows);
      writer.double(keys.dbTime, dbTimeMs);
    }
    if (httpCalls > 0) writer.integer(keys.httpCalls, httpCalls);
  }
}

/** The first address: the client's, as far as its proxies tell the truth. */
function forwardedFor(header: string | string[] | undefined): string | undefined {
  if (typeof header !== "string") return undefined;
  return header.split(",", 1)[0]!.trim().slice(0, 64) || undefined;
}

/** Of a body whose length Node or the application knows beforehand. */
function bodySizeOf(response: ServerResponse): number | undefined {
  const { _contentLength: known } = response as { _contentLength?: unknown };
  if (typeof known === "number") return known;
  const given = Number(response.getHeader("content-length") ?? Number.NaN);
  return given >= 0 ? given : undefined;
}
