import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
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
import type { Guard } from "./guard.ts";
import { isGrpc } from "./http2-headers.ts";
import {
  endServerSpan,
  nameServerSpan,
  RequestTotals,
  startServerSpan,
  writeRequestHead,
  writeStatus,
  writeTotals,
} from "./server-span.ts";

export interface StreamStart {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

/** What all requests to `node:http2` servers have in common. */
export interface Http2ServerOptions {
  readonly tracing: Tracing;
  readonly runtime: Runtime;
  readonly captured: CapturedHeaders | undefined;
  readonly guard: Guard;
}

const bodiless: ReadonlySet<string | undefined> = new Set(["GET", "HEAD"]);

/** To be called when Node tells of a stream. */
export function startStream(
  { tracing, runtime, captured, guard }: Http2ServerOptions,
  { stream, headers }: StreamStart,
): void {
  const { ":method": method = "", ":path": path } = headers;
  // A stream with an even number is one that the application pushes; gRPC has spans of its own.
  if (path === undefined || Number(stream.id) % 2 === 0 || isGrpc(headers)) return;
  const span = startServerSpan(tracing, method, headers, captured);
  const context = new ActiveContext(span);
  // Node calls back for each stream's headers in a frame of its own, so this ends there; listeners are called later.
  tracing.contexts.storage.enterWith(context);
  if (!bodiless.has(method)) bindBody(tracing.contexts, context, stream);
  if (!span.trace.isSampled) return;
  const detail = new AnsweredStream(span, stream, headers);
  span.detail = detail;
  runtime.requestStarted(span, monotonicNow());
  stream.once("close", () => {
    try {
      const nowMs = monotonicNow();
      runtime.requestEnding(span, nowMs);
      detail.finish(nowMs);
    } catch (error) {
      guard.failed(error);
    }
  });
}

class AnsweredStream implements SpanDetail {
  readonly #span: RecordedSpan;
  readonly #headers: IncomingHttpHeaders;
  readonly #remoteAddress: string | undefined;
  readonly #scheme: "http" | "https";
  /** Undefined once it is answered. */
  #open: ServerHttp2Stream | undefined;
  #totals: RequestTotals | undefined = undefined;
  #isAborted = false;
  /** 0 when no answer was begun. */
  #statusCode = 0;
  /** NaN when it is unknown. */
  #bodyBytes = Number.NaN;
  alike: AlikeSpans | undefined = undefined;

  constructor(span: RecordedSpan, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#span = span;
    this.#open = stream;
    this.#headers = headers;
    // Gone once the connection is closed.
    const socket = stream.session?.socket as Partial<TLSSocket> | undefined;
    this.#remoteAddress = socket?.remoteAddress;
    this.#scheme = socket?.encrypted === true ? "https" : "http";
  }

  finish(nowMs: number): void {
    const stream = this.#open;
    if (stream === undefined) return;
    this.settle();
    const { ":method": method = "" } = this.#headers;
    this.alike = nameServerSpan(this.#span, method);
    if (this.#bodyBytes >= largeBytesMin && !this.#isAborted) {
      tellLargeResponse(this.#span, {
        statusCode: this.#statusCode,
        headerOf: (name) => stream.sentHeaders?.[name]?.toString(),
        asked: this.#headers,
        isWhole: true,
      });
    }
    endServerSpan(this.#span, { statusCode: this.#statusCode, nowMs });
  }

  settle(): void {
    const stream = this.#open;
    if (stream === undefined) return;
    this.#open = undefined;
    const answer = stream.headersSent ? stream.sentHeaders : undefined;
    this.#isAborted = stream.aborted;
    this.#statusCode = Number(answer?.[":status"] ?? 0);
    this.#bodyBytes = Number(answer?.["content-length"] ?? Number.NaN);
    this.#totals = new RequestTotals(this.#span.trace);
  }

  write(writer: AttributeWriter): void {
    const headers = this.#headers;
    writeRequestHead(writer, {
      method: headers[":method"] ?? "",
      scheme: this.#scheme,
      url: headers[":path"] ?? "",
      httpVersion: "2",
      host: headers[":authority"] ?? headers.host,
      headers,
      remoteAddress: this.#remoteAddress,
      startMs: this.#span.startMs,
    });
    if (this.#isAborted) writer.flag(keys.aborted, true);
    if (this.#statusCode !== 0) writeStatus(writer, this.#statusCode);
    if (this.#bodyBytes >= 0) writer.integer(keys.httpResponseBodySize, this.#bodyBytes);
    if (this.#totals !== undefined) writeTotals(writer, this.#totals);
  }
}
