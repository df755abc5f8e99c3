import type { IncomingMessage, ServerResponse } from "node:http";
import { Router } from "express";
import { CollectorError } from "../collector-error.ts";
import { toCredentials } from "./credentials.ts";
import { type HttpReceiverOptions, refuseRequest, takeRequest } from "./http-request.ts";
import { toEncoding } from "./otlp-message.ts";

const path = "/api/v2/spans";

/**
 * Zipkin v2: `POST /api/v2/spans`, a JSON list, plain, gzip or zstd. Its protocol has neither partial success nor a body
 * of answers: 202 says that what is valid was stored; what is not is counted. Refusals are OTLP's, in JSON.
 */
export function createZipkinReceiver(options: HttpReceiverOptions): Router {
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const grant = options.authorize(toCredentials(request.headers));
    const { "content-type": contentType } = request.headers;
    if (contentType !== undefined && toEncoding(contentType) !== "json") {
      const message = "content type must be application/json";
      throw new CollectorError("UNSUPPORTED_CONTENT_TYPE", message);
    }
    const call = { request, response, signal: "traces", encoding: "zipkin", grant } as const;
    await takeRequest(call, options);
    response.writeHead(202, { "content-length": 0 }).end();
  }

  const router = Router();
  router.post(path, (request, response) =>
    receive(request, response).catch((error: unknown) =>
      refuseRequest(request, response, "json", error, options),
    ),
  );
  router.all(path, (request, response) => {
    const error = new CollectorError("METHOD_NOT_ALLOWED", "spans are sent with POST");
    return refuseRequest(request, response, "json", error, options);
  });
  return router;
}
