import { Router } from "express";
import { ApiError, answer, answerErrors } from "./api-error.ts";
import { createEndpointsApi, type EndpointsOptions } from "./endpoints.ts";
import { createFindingsApi, type FindingsOptions } from "./findings.ts";
import { createTracesApi, type TracesOptions } from "./traces.ts";

export interface ApiOptions extends FindingsOptions, TracesOptions, EndpointsOptions {
  readonly log: (line: string) => void;
}

/** The read API, to be mounted under /api/v1. */
export function createApi(options: ApiOptions): Router {
  const router = Router();
  router.use(createFindingsApi(options), createTracesApi(options), createEndpointsApi(options));
  router.use(
    answer((request) => {
      throw new ApiError(
        "NOT_FOUND",
        `nothing answers ${request.method} ${request.baseUrl}${request.path}`,
      );
    }),
  );
  router.use(answerErrors(options.log));
  return router;
}
