import type { IncomingMessage, ServerResponse } from "node:http";
import { Router } from "express";
import type { Authorize } from "../auth/key-ring.ts";
import { CollectorError } from "../collector-error.ts";
import type { Counters } from "../counters.ts";
import { type Signal, signals } from "../signal.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { toCredentials } from "./credentials.ts";
import { type Compression, toCompression } from "./decompress.ts";
import type { Acceptance, Intake } from "./intake.ts";
import { contentTypes, encodeResponse, type OtlpEncoding, toEncoding } from "./otlp-message.ts";
import { readChunks, withBody } from "./read-body.ts";
import { sendRefusal, toRefusal } from "./refusal.ts";

export interface OtlpReceiverOptions {
  readonly intakes: Readonly<Record<Signal, Intake>>;
  /** `refused_requests{reason}`, by error code. */
  readonly counters: Counters;
  /** Asked before anything of a request but its headers is looked at. */
  readonly authorize: Authorize;
  readonly bodyBytesMax: number;
  /** Bytes of the bodies of all receivers together. */
  readonly budget: ByteBudget;
  /** Told of errors that are our fault; the client gets a 500. */
  readonly log: (message: string) => void;
}

/**
 * OTLP/HTTP: `POST /v1/traces` and the like, in protobuf or JSON, plain, gzip or zstd. It reads bodies itself, so no
 * body parser may run before it.
 *
 *   key ─▶ headers ─▶ body, within limits ─▶ known already? ─▶ decode ─▶ journal ─▶ 200
 */
export function createOtlpReceiver(options: OtlpReceiverOptions): Router {
  const { intakes, counters, log, budget, bodyBytesMax: bytesMax } = options;

  async function receive(signal: Signal, request: IncomingMessage, response: ServerResponse) {
    const grant = options.authorize(toCredentials(request.headers));
    const { encoding, compression } = checkHeaders(request);
    const declaredBytes = Number(request.headers["content-length"] ?? 0);
    const acceptance = await withBody(
      askForChunks(request, response),
      { compression, declaredBytes, bytesMax, budget, onBytes: grant.countBytes },
      (body) => intakes[signal].accept(body, encoding, grant),
    );
    sendAcceptance(response, signal, encoding, acceptance);
  }

  async function refuse(request: IncomingMessage, response: ServerResponse, error: unknown) {
    const refusal = toRefusal(error);
    counters.add("refused_requests", 1, refusal.code);
    if (refusal.code === "INTERNAL") log(`a request failed: ${error}`);
    const encoding = toEncoding(request.headers["content-type"]) ?? "json";
    await sendRefusal(request, response, encoding, refusal);
  }

  const router = Router();
  for (const signal of signals) {
    router.post(`/v1/${signal}`, (request, response) =>
      receive(signal, request, response).catch((error) => refuse(request, response, error)),
    );
    router.all(`/v1/${signal}`, (request, response) => {
      const error = new CollectorError("METHOD_NOT_ALLOWED", `${signal} are sent with POST`);
      return refuse(request, response, error);
    });
  }
  router.all(["/v1/logs", "/v1/metrics"], (request, response) => {
    const error = new CollectorError("SIGNAL_NOT_SUPPORTED", "only traces are stored here");
    return refuse(request, response, error);
  });
  return router;
}

/** A client that waits to be told (`Expect: 100-continue`) is told once its body is wanted; else it gets the refusal alone. */
async function* askForChunks(request: IncomingMessage, response: ServerResponse) {
  if (request.headers.expect !== undefined) response.writeContinue();
  yield* readChunks(request);
}

interface CheckedHeaders {
  readonly encoding: OtlpEncoding;
  readonly compression: Compression;
}

function checkHeaders({ headers }: IncomingMessage): CheckedHeaders {
  const encoding = toEncoding(headers["content-type"]);
  if (encoding === undefined) {
    const known = Object.values(contentTypes).join(" or ");
    throw new CollectorError("UNSUPPORTED_CONTENT_TYPE", `content type must be ${known}`);
  }
  // Exactly one encoding: "gzip, gzip" would be inflated twice, and is asked for by nobody honest.
  const compression = toCompression(headers["content-encoding"]);
  if (compression === undefined) {
    const message = "content encoding must be gzip, zstd or identity";
    throw new CollectorError("UNSUPPORTED_CONTENT_ENCODING", message);
  }
  return { encoding, compression };
}

function sendAcceptance(
  response: ServerResponse,
  signal: Signal,
  encoding: OtlpEncoding,
  { rejected, message }: Acceptance,
): void {
  const body = encodeResponse(signal, encoding, rejected, message);
  const headers = { "content-type": contentTypes[encoding], "content-length": body.length };
  response.writeHead(200, headers).end(body);
}
