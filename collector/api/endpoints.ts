import { Router } from "express";
import { type EndpointMetricsRow, endpointsQuery } from "../../storage/queries/endpoints.ts";
import type { Store } from "../../storage/store.ts";
import { answer } from "./api-error.ts";
import { readText } from "./parameters.ts";
import type { EndpointPathResponse, EndpointsResponse } from "./responses.ts";

interface EndpointKey {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
}

export interface EndpointsOptions {
  readonly store: Store;
  /** The critical path of an endpoint's traces in [fromS, toS), added up. */
  readonly readPath: (
    endpoint: EndpointKey,
    window: { readonly fromS: number; readonly toS: number },
  ) => Promise<EndpointPathResponse>;
  readonly now: () => number;
}

const endpointsMax = 500;
const windowS = 3_600;

/** GET /endpoints, GET /endpoints/critical-path; both over the last hour. */
export function createEndpointsApi({ store, readPath, now }: EndpointsOptions): Router {
  const lastHour = () => {
    const toS = Math.ceil(now() / 1000);
    return { fromS: toS - windowS, toS };
  };
  const router = Router();
  router.get(
    "/endpoints",
    answer(async (): Promise<EndpointsResponse> => {
      const parameters = { ...lastHour(), endpointsMax: endpointsMax + 1 };
      const rows = await store.select<EndpointMetricsRow>(endpointsQuery, parameters);
      return { endpoints: rows.slice(0, endpointsMax), truncated: rows.length > endpointsMax };
    }),
  );
  router.get(
    "/endpoints/critical-path",
    answer(async (request): Promise<EndpointPathResponse> => {
      const endpoint: EndpointKey = {
        service: readText(request, "service"),
        environment: readText(request, "environment", { required: false }),
        method: readText(request, "method"),
        route: readText(request, "route"),
      };
      return readPath(endpoint, lastHour());
    }),
  );
  return router;
}
