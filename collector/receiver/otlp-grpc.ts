import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import { finished } from "node:stream/promises";
import type { Authorize } from "../auth/key-ring.ts";
import { CollectorError } from "../collector-error.ts";
import type { Counters } from "../counters.ts";
import { type Signal, signals } from "../signal.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { toCredentials } from "./credentials.ts";
import { type Compression, toCompression } from "./decompress.ts";
import { encodeGrpcText, frameMessage, openMessage } from "./grpc-message.ts";
import type { GrpcListener } from "./grpc-server.ts";
import type { Intake } from "./intake.ts";
import { encodeResponse } from "./otlp-message.ts";
import { discardRest, readChunks, withBody } from "./read-body.ts";
import { lingerMs, type Refusal, toRefusal } from "./refusal.ts";
import { encodeStatus } from "./rpc-status.ts";

export interface GrpcReceiverOptions {
  readonly intakes: Readonly<Record<Signal, Intake>>;
  /** Asked before anything of a call but its metadata is looked at. */
  readonly authorize: Authorize;
  readonly bodyBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly budget: ByteBudget;
  /** `refused_requests{reason}`, by error code. */
  readonly counters: Counters;
  /** Told of errors that are our fault; the client gets INTERNAL. */
  readonly log: (message: string) => void;
}

const services: Readonly<Record<Signal, string>> = {
  traces: "trace.v1.TraceService",
  metrics: "metrics.v1.MetricsService",
  logs: "logs.v1.LogsService",
};

/** The path of each signal's `Export`. */
export const exportPaths: ReadonlyMap<string, Signal> = new Map(
  signals.map((signal) => [`/opentelemetry.proto.collector.${services[signal]}/Export`, signal]),
);

const contentType = "application/grpc";
const commonHeaders = {
  ":status": 200,
  "content-type": `${contentType}+proto`,
  "grpc-accept-encoding": "identity,gzip,zstd",
};

/**
 * OTLP/gRPC: unary `Export` calls, plain, gzip or zstd. Bytes go to the same intakes as OTLP/HTTP's, within the same limits.
 *
 *   key ─▶ headers ─▶ message, within limits ─▶ known already? ─▶ decode ─▶ journal ─▶ OK
 */
export function createGrpcReceiver(options: GrpcReceiverOptions): GrpcListener {
  return (stream, headers) => {
    const timeout = setTimeout(
      () => stream.close(constants.NGHTTP2_CANCEL),
      options.requestTimeoutMs,
    );
    stream.once("end", () => clearTimeout(timeout));
    stream.once("close", () => clearTimeout(timeout));
    receive(stream, headers, options).catch((error: unknown) => refuse(stream, error, options));
  };
}

async function receive(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { authorize, intakes, bodyBytesMax: bytesMax, budget }: GrpcReceiverOptions,
): Promise<void> {
  const grant = authorize(toCredentials(headers));
  const { signal, encoding } = checkHeaders(headers);
  const { isCompressed, length, content } = await openMessage(readChunks(stream));
  if (isCompressed && encoding === "identity") {
    const message = "a compressed message needs the header grpc-encoding";
    throw new CollectorError("GRPC_ENCODING_MISSING", message);
  }
  const compression = isCompressed ? encoding : "identity";
  const { rejected, message } = await withBody(
    content,
    { compression, declaredBytes: length, bytesMax, budget, onBytes: grant.countBytes },
    (body) => intakes[signal].accept(body, "protobuf", grant),
  );
  if (stream.closed) return;
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond(commonHeaders, { waitForTrailers: true });
  stream.end(frameMessage(encodeResponse(signal, "protobuf", rejected, message)));
}

interface CheckedHeaders {
  readonly signal: Signal;
  readonly encoding: Compression;
}

function checkHeaders(headers: IncomingHttpHeaders): CheckedHeaders {
  if (!headers["content-type"]?.toLowerCase().startsWith(contentType)) {
    throw new CollectorError("UNSUPPORTED_CONTENT_TYPE", `content type must be ${contentType}`);
  }
  const signal = exportPaths.get(String(headers[":path"]));
  if (signal === undefined) {
    throw new CollectorError(
      "SIGNAL_NOT_SUPPORTED",
      `known are ${[...exportPaths.keys()].join(", ")}`,
    );
  }
  const encoding = toCompression(headers["grpc-encoding"]?.toString());
  if (encoding === undefined) {
    const message = "grpc-encoding must be gzip, zstd or identity";
    throw new CollectorError("UNSUPPORTED_CONTENT_ENCODING", message);
  }
  return { signal, encoding };
}

/**
 * Answers with trailers alone. A client that is still sending reads them only if the stream stays open under it, so the
 * stream is closed when the client is done, or soon after.
 */
async function refuse(
  stream: ServerHttp2Stream,
  error: unknown,
  { counters, log }: GrpcReceiverOptions,
): Promise<void> {
  const refusal = toRefusal(error);
  counters.add("refused_requests", 1, refusal.code);
  if (refusal.code === "INTERNAL") log(`a call failed: ${error}`);
  if (stream.closed || stream.destroyed) return;
  stream.respond(toTrailers(refusal), { endStream: true });
  if (stream.readableEnded) return;
  discardRest(stream);
  // The client is done, gone, or too slow: the stream is closed in each case.
  await finished(stream, { writable: false, signal: AbortSignal.timeout(lingerMs) }).catch(
    () => undefined,
  );
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function toTrailers(refusal: Refusal): Record<string, string | number> {
  // gRPC: a request of another content type gets an answer of HTTP's, which any client understands.
  if (refusal.code === "UNSUPPORTED_CONTENT_TYPE") return { ":status": refusal.httpStatus };
  return {
    ...commonHeaders,
    "grpc-status": String(refusal.rpcCode),
    "grpc-message": encodeGrpcText(refusal.message),
    "grpc-status-details-bin": encodeStatus("protobuf", refusal).toString("base64"),
  };
}
