import type { ErrorRequestHandler, RequestHandler } from "express";
import type { Counters } from "../counters.ts";
import type { ErrorResponse } from "./responses.ts";

/** Each code is documented in ARCHITECTURE.md, stable and searchable. */
export type ApiErrorCode =
  | "BAD_PARAMETER"
  | "NOT_FOUND"
  | "HOST_NOT_ALLOWED"
  | "STORE_UNAVAILABLE"
  | "TOO_MANY_READS"
  | "INTERNAL_ERROR";

const statusOf: Readonly<Record<ApiErrorCode, number>> = {
  BAD_PARAMETER: 400,
  NOT_FOUND: 404,
  HOST_NOT_ALLOWED: 403,
  STORE_UNAVAILABLE: 503,
  TOO_MANY_READS: 503,
  INTERNAL_ERROR: 500,
};

/** An answer other than the one that was asked for; its message is for the client. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** An Express handler that answers with what `produce` returns, as JSON. */
export function answer<T>(
  produce: (request: Parameters<RequestHandler>[0]) => Promise<T>,
): RequestHandler {
  return async (request, response) => {
    const body = await produce(request);
    response.set("Cache-Control", "no-store").json(body);
  };
}

/**
 * The last handler: an error of ours as it is, any other without its details, which go to the log. All are counted as
 * `failed_reads{reason}`, by code.
 */
export function answerErrors(
  log: (line: string) => void,
  counters: Pick<Counters, "add">,
): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error);
    const known = toApiError(error);
    counters.add("failed_reads", 1, known.code);
    if (known.code === "INTERNAL_ERROR") log(`${request.method} ${request.path} failed: ${error}`);
    if (statusOf[known.code] === 503) response.set("Retry-After", "1");
    const body: ErrorResponse = { error: { code: known.code, message: known.message } };
    response.status(statusOf[known.code]).json(body);
  };
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof URIError) return new ApiError("BAD_PARAMETER", "the path is not valid");
  if (error instanceof Error && "code" in error && error.code === "STORE_UNAVAILABLE") {
    return new ApiError("STORE_UNAVAILABLE", "the database is starting, or busy; try again");
  }
  return new ApiError("INTERNAL_ERROR", "the request failed; the server's log says why");
}
