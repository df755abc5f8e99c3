import type { IncomingMessage, ServerResponse } from "node:http";
import { Router } from "express";
import { CollectorError } from "../collector-error.ts";
import { type Signal, signals } from "../signal.ts";
import { toCredentials } from "./credentials.ts";
import { type HttpReceiverOptions, refuseRequest, takeRequest } from "./http-request.ts";
import type { Acceptance } from "./intake.ts";
import { contentTypes, encodeResponse, type OtlpEncoding, toEncoding } from "./otlp-message.ts";

/**
 * OTLP/HTTP: `POST /v1/traces` and the like, in protobuf or JSON, plain, gzip or zstd. It reads bodies itself, so no
 * body parser may run before it.
 *
 *   key ─▶ headers ─▶ body, within limits ─▶ known already? ─▶ decode ─▶ journal ─▶ 200
 */
export function createOtlpReceiver(options: HttpReceiverOptions): Router {
  async function receive(signal: Signal, request: IncomingMessage, response: ServerResponse) {
    const grant = options.authorize(toCredentials(request.headers));
    const encoding = checkType(request);
    const call = { request, response, signal, encoding, grant };
    const acceptance = await takeRequest(call, options);
    sendAcceptance(response, signal, encoding, acceptance);
  }

  const refuse = (request: IncomingMessage, response: ServerResponse, error: unknown) => {
    const encoding = toEncoding(request.headers["content-type"]) ?? "json";
    return refuseRequest(request, response, encoding, error, options);
  };

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
  router.all("/v1development/profiles", (request, response) => {
    const error = new CollectorError("SIGNAL_NOT_SUPPORTED", "profiles are not stored here");
    return refuse(request, response, error);
  });
  return router;
}

function checkType({ headers }: IncomingMessage): OtlpEncoding {
  const encoding = toEncoding(headers["content-type"]);
  if (encoding !== undefined) return encoding;
  const known = Object.values(contentTypes).join(" or ");
  throw new CollectorError("UNSUPPORTED_CONTENT_TYPE", `content type must be ${known}`);
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
