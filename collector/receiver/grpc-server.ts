import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { TlsFiles } from "../auth/tls-files.ts";
import type { Counters } from "../counters.ts";
import type { GrpcLimits } from "./grpc-limits.ts";

export type GrpcListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export interface GrpcServer {
  readonly server: Http2Server | Http2SecureServer;
  /** Takes no more calls; those under way get `graceMs` to end. */
  close(graceMs: number): Promise<void>;
}

/**
 * An HTTP/2 server that no client can hold up or fill; `dropped_connections` counts those that broke a limit or the
 * protocol. What floods of resets, settings and headers do is limited by nghttp2 itself, below us.
 */
export function createGrpcServer(
  listener: GrpcListener,
  limits: GrpcLimits,
  counters: Counters,
  tls?: TlsFiles,
): GrpcServer {
  const connections = new Set<Connection>();
  const server = createHttp2Server(limits, counters, tls);
  server.maxConnections = limits.connectionsMax;
  server.on("drop", () => counters.add("dropped_connections"));
  server.on("sessionError", () => counters.add("dropped_connections"));
  server.on("session", (session) => {
    const connection = new Connection(session, limits, counters);
    connections.add(connection);
    session.once("close", () => connections.delete(connection));
  });
  let streams = 0;
  server.on("stream", (stream, headers) => {
    // Whoever reads or writes is told as well.
    stream.on("error", () => undefined);
    if (streams >= limits.streamsMax) {
      // A client knows by this code that nothing was done, and may send it again.
      counters.add("refused_requests", 1, "TOO_MANY_STREAMS");
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    streams += 1;
    stream.once("close", () => {
      streams -= 1;
    });
    listener(stream, headers);
  });
  const check = setInterval(() => {
    for (const connection of connections) connection.check();
  }, limits.checkIntervalMs);
  check.unref();
  return {
    server,
    close: async (graceMs) => {
      clearInterval(check);
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      for (const { session } of connections) session.close();
      const lastResort = setTimeout(() => {
        for (const { session } of connections) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(lastResort);
    },
  };
}

function createHttp2Server(
  limits: GrpcLimits,
  counters: Counters,
  tls: TlsFiles | undefined,
): Http2Server | Http2SecureServer {
  const options = {
    maxSettings: 32,
    settings: {
      maxConcurrentStreams: limits.connectionStreamsMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: limits.windowBytes / 4,
      enablePush: false,
    },
  };
  if (tls === undefined) return createServer(options);
  const handshakeTimeout = limits.checkIntervalMs;
  const server = createSecureServer({ ...options, ...tls.options, handshakeTimeout });
  server.on("tlsClientError", () => counters.add("failed_handshakes"));
  tls.follow(server);
  return server;
}

/**
 * One client's connection.
 *
 *   open ── idle or old ──▶ closing (calls under way end) ──▶ closed
 *    └── no answer to a ping, or too many frames ──▶ closed at once
 */
class Connection {
  readonly session: ServerHttp2Session;
  readonly #limits: GrpcLimits;
  readonly #counters: Counters;
  readonly #openedMs = performance.now();
  #usedMs = performance.now();
  #streams = 0;
  #controlFrames = 0;
  #isPinged = false;

  constructor(session: ServerHttp2Session, limits: GrpcLimits, counters: Counters) {
    this.session = session;
    this.#limits = limits;
    this.#counters = counters;
    session.setLocalWindowSize(limits.windowBytes);
    session.on("stream", (stream) => {
      this.#streams += 1;
      stream.once("close", () => {
        this.#streams -= 1;
        this.#usedMs = performance.now();
      });
    });
    session.on("ping", () => this.#countControlFrame());
    session.on("remoteSettings", () => this.#countControlFrame());
  }

  check(): void {
    const { idleMsMax, ageMsMax } = this.#limits;
    const nowMs = performance.now();
    this.#controlFrames = 0;
    if (this.session.closed) return;
    if (this.#isPinged) this.#drop(constants.NGHTTP2_NO_ERROR);
    else if (nowMs - this.#openedMs > ageMsMax) this.session.close();
    else if (this.#streams === 0 && nowMs - this.#usedMs > idleMsMax) this.session.close();
    else this.#ping();
  }

  #ping(): void {
    this.#isPinged = true;
    this.session.ping((error) => {
      // A connection that is closing answers with an error, and is no longer looked at.
      this.#isPinged = error !== null;
    });
  }

  #countControlFrame(): void {
    this.#controlFrames += 1;
    if (this.#controlFrames > this.#limits.controlFramesMax) {
      this.#drop(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  #drop(code: number): void {
    if (this.session.destroyed) return;
    this.#counters.add("dropped_connections");
    this.session.goaway(code);
    this.session.destroy();
  }
}
