import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
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
import type { Guard } from "./guard.ts";
import { bindBody } from "./http-server.ts";
import { isGrpc } from "./http2-headers.ts";
import {
  endServerSpan,
  nameServerSpan,
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
  if (!bodiless.has(method)) bindBody(tracing, context, stream);
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
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #remoteAddress: string | undefined;
  readonly #scheme: "http" | "https";
  alike: AlikeSpans | undefined = undefined;

  constructor(span: RecordedSpan, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#span = span;
    this.#stream = stream;
    this.#headers = headers;
    // Gone once the connection is closed.
    const socket = stream.session?.socket as Partial<TLSSocket> | undefined;
    this.#remoteAddress = socket?.remoteAddress;
    this.#scheme = socket?.encrypted === true ? "https" : "http";
  }

  finish(nowMs: number): void {
    const { ":method": method = "" } = this.#headers;
    this.alike = nameServerSpan(this.#span, method);
    if (this.#bodyBytes >= largeBytesMin && !this.#stream.aborted) {
      tellLargeResponse(this.#span, {
        statusCode: this.#statusCode,
        headerOf: (name) => this.#answer?.[name]?.toString(),
        asked: this.#headers,
        isWhole: true,
      });
    }
    endServerSpan(this.#span, { statusCode: this.#statusCode, nowMs });
  }

  /** NaN when it is unknown. */
  get #bodyBytes(): number {
    return Number(this.#answer?.["content-length"] ?? Number.NaN);
  }

  /** 0 when no answer was begun. */
  get #statusCode(): number {
    return Number(this.#answer?.[":status"] ?? 0);
  }

  get #answer(): OutgoingHttpHeaders | undefined {
    return this.#stream.headersSent ? this.#stream.sentHeaders : undefined;
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
    if (this.#stream.aborted) writer.flag(keys.aborted, true);
    if (this.#statusCode !== 0) writeStatus(writer, this.#statusCode);
    const size = this.#bodyBytes;
    if (size >= 0) writer.integer(keys.httpResponseBodySize, size);
    writeTotals(writer, this.#span.trace);
  }
}
