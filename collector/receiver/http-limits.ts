import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { TlsFiles } from "../auth/tls-files.ts";
import type { Counters } from "../counters.ts";
import { countBrokenRequests } from "./broken-requests.ts";

export interface HttpLimits {
  /** A request's body, as it comes and after decompression (OTLP recommends 64 MiB for both). */
  readonly bodyBytesMax: number;
  /** Bodies of all requests together, decompressed. */
  readonly inFlightBytesMax: number;
  readonly headerBytesMax: number;
  /** From the connection, or the answer before, to the end of the headers, and of the body. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** An exporter sends every few seconds: a connection lives longer than that. */
  readonly keepAliveTimeoutMs: number;
  readonly connectionsMax: number;
}

export const defaultHttpLimits: HttpLimits = {
  bodyBytesMax: 64 * 2 ** 20,
  inFlightBytesMax: 256 * 2 ** 20,
  headerBytesMax: 16 * 2 ** 10,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  connectionsMax: 4096,
};

/** Node looks for overdue requests only now and then; every 30 s, its default, would more than double our timeouts. */
const timeoutCheckMs = 1000;

/**
 * A server that no client can hold up or fill; `dropped_connections` counts those over the limit,
 * `failed_handshakes` those that did not come to speak TLS with us. The limits of bodies are the receiver's to keep.
 */
export function createLimitedServer(
  listener: RequestListener,
  limits: HttpLimits,
  counters: Counters,
  tls?: TlsFiles,
): Server {
  const options = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(timeoutCheckMs, limits.headersTimeoutMs),
  };
  const server =
    tls === undefined
      ? createServer(options, listener)
      : createLimitedTlsServer(options, listener, limits, counters, tls);
  server.maxConnections = limits.connectionsMax;
  server.on("drop", () => counters.add("dropped_connections"));
  countBrokenRequests(server, counters);
  // A client that asks before it sends is told to by the receiver, once that knows its key and wants the body.
  server.on("checkContinue", (request, response) => void server.emit("request", request, response));
  return server;
}

function createLimitedTlsServer(
  options: ServerOptions,
  listener: RequestListener,
  limits: HttpLimits,
  counters: Counters,
  tls: TlsFiles,
): Server {
  const handshakeTimeout = limits.headersTimeoutMs;
  const server = createTlsServer({ ...options, ...tls.options, handshakeTimeout }, listener);
  server.on("tlsClientError", () => counters.add("failed_handshakes"));
  tls.follow(server);
  return server;
}
