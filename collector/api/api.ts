import { Router } from "express";
import type { Counters } from "../counters.ts";
import { ApiError, answer, answerErrors } from "./api-error.ts";
import { createEndpointsApi, type EndpointsOptions } from "./endpoints.ts";
import { createFindingsApi, type FindingsOptions } from "./findings.ts";
import { createGate } from "./gate.ts";
import { createServiceEdgesApi, type ServiceEdgesOptions } from "./service-edges.ts";
import { createTracesApi, type TracesOptions } from "./traces.ts";

export interface ApiOptions
  extends FindingsOptions,
    TracesOptions,
    EndpointsOptions,
    ServiceEdgesOptions {
  readonly log: (line: string) => void;
  /** `failed_reads{reason}` */
  readonly counters: Pick<Counters, "add">;
}

/** The read API, to be mounted under /api/v1. */
export function createApi(options: ApiOptions): Router {
  const { readWaterfall, readPath, readGain, log, counters } = options;
  const gate = createGate();
  const gated: ApiOptions = {
    ...options,
    readWaterfall: (...trace) => gate(() => readWaterfall(...trace)),
    readPath: (...endpoint) => gate(() => readPath(...endpoint)),
    readGain: (...endpoint) => gate(() => readGain(...endpoint)),
  };
  const router = Router();
  router.use(createFindingsApi(gated), createTracesApi(gated), createEndpointsApi(gated));
  router.use(createServiceEdgesApi(gated));
  router.use(
    answer((request) => {
      throw new ApiError(
        "NOT_FOUND",
        `nothing answers ${request.method} ${request.baseUrl}${request.path}`,
      );
    }),
  );
  router.use(answerErrors(log, counters));
  return router;
}
