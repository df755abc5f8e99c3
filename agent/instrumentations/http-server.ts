import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { CapturedHeaders } from "../evidence/captured-headers.ts";
import { largeBytesMin, tellLargeResponse } from "../evidence/large-response.ts";
import type { Runtime } from "../runtime/start-runtime.ts";
import { ActiveContext } from "../tracing/active-context.ts";
import type { AlikeSpans } from "../tracing/alike-spans.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import { monotonicNow } from "../tracing/monotonic-clock.ts";
import type { RecordedSpan, SpanDetail } from "../tracing/recorded-span.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { keys } from "./attribute-keys.ts";
import { bindBody } from "./bind-body.ts";
import { Guard } from "./guard.ts";
import {
  endServerSpan,
  nameServerSpan,
  type RequestHead,
  RequestTotals,
  startServerSpan,
  writeRequestHead,
  writeStatus,
  writeTotals,
} from "./server-span.ts";

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

export interface HttpServerOptions {
  /** Requests to it are not the application's; 0: there is none. */
  readonly ignoredPort: number;
  /** Undefined: no headers. */
  readonly captured: CapturedHeaders | undefined;
}

/**
 * Requests to `node:http` and `node:https` servers, by Node's diagnostics channels: nothing is patched but what `bindBody` says.
 *
 *   headers are read ── span starts, its context is entered ── application ── response closes: the span ends
 */
export function instrumentHttpServer(
  tracing: Tracing,
  runtime: Runtime,
  { ignoredPort, captured }: HttpServerOptions,
): void {
  const guard = new Guard("node:http servers");
  const onClose = guard.listener((response: AnsweredResponse) => {
    response[answeredKey]?.finish(runtime);
  });
  guard.subscribe<RequestStart>("http.server.request.start", (start) => {
    const { request, response, socket } = start;
    // A port is read by a getter, and nearly nobody ignores one.
    if (ignoredPort !== 0 && socket.localPort === ignoredPort) return;
    const { headers } = request;
    const span = startServerSpan(tracing, request.method ?? "", headers, captured);
    const { trace } = span;
    const context = new ActiveContext(span);
    // Node runs each request's parser callback in a frame of its own, so this ends with the request.
    tracing.contexts.storage.enterWith(context);
    if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) {
      bindBody(tracing.contexts, context, request);
    }
    if (!trace.isSampled) return;
    const detail = new AnsweredRequest(span, start);
    span.detail = detail;
    (response as AnsweredResponse)[answeredKey] = detail;
    runtime.requestStarted(span, span.startMs - trace.clockOffsetMs);
    // Not `once`, which costs three times as much: it is emitted once.
    response.on("close", onClose);
  });
}

const answeredKey = Symbol("culprit.answered");
const addressKey = Symbol("culprit.address");

/** Asked for once a connection: behind the property there are two getters and a lookup. */
function remoteAddressOf(socket: Socket & { [addressKey]?: string | undefined }) {
  const known = socket[addressKey];
  if (known !== undefined) return known;
  const address = socket.remoteAddress;
  if (address !== undefined) Reflect.defineProperty(socket, addressKey, { value: address });
  return address;
}

type AnsweredResponse = ServerResponse & { [answeredKey]?: AnsweredRequest };

class AnsweredRequest implements SpanDetail {
  readonly #span: RecordedSpan;
  readonly #remoteAddress: string | undefined;
  readonly #writtenBefore: number;
  readonly #url: string;
  /** Undefined once it is answered, as nothing of a request is kept after it. */
  #open: RequestStart | undefined;
  #head: RequestHead | undefined = undefined;
  #totals: RequestTotals | undefined = undefined;
  #isAborted = false;
  /** 0 when no answer was begun. */
  #statusCode = 0;
  alike: AlikeSpans | undefined = undefined;
  /** Of the body, when that is known beforehand; -1: it is not. */
  #bodyBytes = -1;
  /** Else all of the response, headers included. */
  #writtenBytes = 0;

  constructor(span: RecordedSpan, start: RequestStart) {
    const { request, socket } = start;
    this.#span = span;
    this.#open = start;
    // Both are gone, or changed, once the connection is closed or a framework has cut the URL.
    this.#remoteAddress = remoteAddressOf(socket);
    this.#writtenBefore = socket.bytesWritten;
    this.#url = request.url ?? "";
  }

  /** To be called once the response is closed. */
  finish(runtime: Runtime): void {
    const span = this.#span;
    const nowMs = monotonicNow();
    runtime.requestEnding(span, nowMs);
    // The application may have ended it.
    if (this.#open === undefined) return;
    const { request, response } = this.#open;
    this.alike = nameServerSpan(span, request.method ?? "");
    this.#measure(this.#open);
    endServerSpan(span, { statusCode: response.statusCode, nowMs });
  }

  #measure({ request, response, socket }: RequestStart): void {
    if (!response.headersSent) return;
    this.#bodyBytes = bodySizeOf(response);
    if (this.#bodyBytes === -1) this.#writtenBytes = socket.bytesWritten - this.#writtenBefore;
    const isLarge = this.#bodyBytes >= largeBytesMin || this.#writtenBytes >= largeBytesMin;
    if (!isLarge || !response.writableFinished) return;
    const { _header: head } = response as SentResponse;
    tellLargeResponse(this.#span, {
      statusCode: response.statusCode,
      headerOf: (name) => headerIn(String(head), name),
      asked: request.headers,
      isWhole: this.#bodyBytes >= 0,
    });
  }

  settle(): void {
    if (this.#open === undefined) return;
    const { request, response, socket } = this.#open;
    this.#open = undefined;
    const { method = "", headers, httpVersion } = request;
    this.#head = {
      method,
      scheme: "encrypted" in socket ? "https" : "http",
      url: this.#url,
      httpVersion,
      host: headers.host,
      headers,
      remoteAddress: this.#remoteAddress,
      startMs: this.#span.startMs,
    };
    this.#totals = new RequestTotals(this.#span.trace);
    this.#isAborted = !response.writableFinished;
    if (!this.#isAborted || response.headersSent) this.#statusCode = response.statusCode;
  }

  write(writer: AttributeWriter): void {
    if (this.#head !== undefined) writeRequestHead(writer, this.#head);
    if (this.#isAborted) writer.flag(keys.aborted, true);
    if (this.#statusCode !== 0) writeStatus(writer, this.#statusCode);
    if (this.#bodyBytes >= 0) writer.integer(keys.httpResponseBodySize, this.#bodyBytes);
    if (this.#writtenBytes > 0) writer.integer(keys.httpResponseSize, this.#writtenBytes);
    if (this.#totals !== undefined) writeTotals(writer, this.#totals);
  }
}

/** What Node keeps of a response that it has sent. */
type SentResponse = ServerResponse & {
  /** The status line and the headers, also those that `writeHead` was given and `getHeader` does not know. */
  readonly _header?: unknown;
  /** Of a body whose length it knows. */
  readonly _contentLength?: unknown;
};

/** Of a body whose length Node or the application knows beforehand; else -1. */
function bodySizeOf(response: SentResponse): number {
  const { _contentLength: known } = response;
  if (typeof known === "number") return known;
  const given = Number(response.getHeader("content-length") ?? Number.NaN);
  return given >= 0 ? given : -1;
}

/** The value of a header as it was sent. */
function headerIn(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, "i").exec(head)?.[1];
}
