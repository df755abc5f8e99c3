import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { syncBuiltinESMExports } from "node:module";
import { Guard } from "./guard.ts";
import { HttpTargets } from "./http-targets.ts";
import { type GivenHeaders, headerOf, isGrpc, withHeaders } from "./http2-headers.ts";
import { type CallOptions, type HttpCallOptions, OutgoingCall } from "./outgoing-call.ts";
import { wrapMethod } from "./wrap-method.ts";

type Entry = (...args: never[]) => unknown;

interface Session extends ClientHttp2Session {
  [originKey]?: string;
}

/** Of a session: scheme and host that the application has connected to. */
const originKey = Symbol("culprit.origin");

/** By number, RFC 9113, section 7. */
const errorCodes = (
  "NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR " +
  "REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED"
).split(" ");

/**
 * Requests of `node:http2` clients. Node publishes them only when their headers are on their way, so the first session
 * that is made shows us its class, and `request` is wrapped there.
 */
export class Http2ClientInstrumentation {
  readonly #options: HttpCallOptions;
  readonly #guard = new Guard("node:http2 requests");
  readonly #patched = new WeakSet<object>();

  constructor(options: CallOptions) {
    this.#options = { ...options, targets: new HttpTargets("http2") };
  }

  /** `exports` is the module `node:http2`. */
  patch(exports: unknown): void {
    if (typeof exports !== "object" || exports === null || this.#patched.has(exports)) return;
    this.#patched.add(exports);
    const instrumentation = this;
    wrapMethod(exports, "connect", (original) => {
      return function connect(...args) {
        const session = Reflect.apply(original, this, args);
        instrumentation.#onConnect(session as Session, args[0]);
        return session;
      };
    });
    // For `import { connect } from "node:http2"`.
    syncBuiltinESMExports();
  }

  #onConnect(session: Session, authority: unknown): void {
    try {
      session[originKey] = toOrigin(authority);
      const prototype = Object.getPrototypeOf(session) as object;
      if (this.#patched.has(prototype)) return;
      this.#patched.add(prototype);
      this.#patchSession(prototype);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #patchSession(prototype: object): void {
    const instrumentation = this;
    wrapMethod<Session>(prototype, "request", (original) => {
      return function request(...args) {
        const call = instrumentation.#start(this, args, request);
        if (call === undefined) return Reflect.apply(original, this, args);
        try {
          const stream = Reflect.apply(original, this, args) as ClientHttp2Stream;
          follow(call, stream);
          return stream;
        } catch (error) {
          call.fail(error);
          throw error;
        }
      };
    });
  }

  /** Puts the headers that continue the trace into `args`. */
  #start(session: Session, args: unknown[], entry: Entry): OutgoingCall | undefined {
    const { [originKey]: origin } = session;
    if (origin === undefined || !this.#guard.isActive) return undefined;
    try {
      const headers = (args[0] ?? {}) as GivenHeaders;
      const method = headerOf(headers, ":method") ?? "GET";
      // A tunnel is no request.
      if (method === "CONNECT" || isGrpc(headers)) return undefined;
      const request = { method, origin, path: headerOf(headers, ":path") ?? "/" };
      const call = OutgoingCall.start(this.#options, request, entry);
      if (call === undefined) return undefined;
      call.protocolVersion = "2";
      call.isReused = !session.connecting;
      call.requestLength = headerOf(headers, "content-length");
      const added = new Map<string, string>();
      call.propagate((name, value) => {
        added.set(name, value);
      });
      args[0] = withHeaders(headers, added);
      return call;
    } catch (error) {
      this.#guard.failed(error);
      return undefined;
    }
  }
}

function toOrigin(authority: unknown): string {
  const url = typeof authority === "string" ? new URL(authority) : (authority as URL);
  return `${url.protocol}//${url.host}`;
}

function follow(call: OutgoingCall, stream: ClientHttp2Stream): void {
  stream.once("response", (headers: IncomingHttpHeaders) => {
    call.statusCode = Number(headers[":status"] ?? 0);
    call.responseLength = headers["content-length"];
    if (call.isReused === false) call.firstByteMs = call.span.trace.nowMs() - call.span.startMs;
  });
  stream.once("close", () => {
    const error = toError(stream);
    if (error === undefined) call.end();
    else call.fail(error);
  });
}

/** Of a reset by the other side its code says more than Node's error for all of them. */
function toError({ errored, rstCode = 0 }: ClientHttp2Stream): object | undefined {
  const { code } = Object(errored) as { code?: unknown };
  if (errored !== null && code !== "ERR_HTTP2_STREAM_ERROR") return errored;
  return rstCode === 0 ? undefined : { code: errorCodes[rstCode] ?? rstCode };
}
